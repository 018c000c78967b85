using Coxswain.Storage;
using Coxswain.Testing;

namespace Coxswain.Backup.Tests;

public sealed class BackupScheduleTests : IAsyncDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private readonly Samples _samples = new();
    private readonly FakeClock _clock = new(Samples.Now);
    private readonly List<BackupTurn> _turns = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly MemoryStore _store = new();
    private string? _failure;
    private Task? _running;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_running is not null)
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        await _store.DisposeAsync();
        _samples.Dispose();
    }

    private void Start(int keep = 3) => _running = new BackupSchedule(new(_samples.Folder, TimeSpan.FromHours(6), keep, "c0ffee"), MakeAsync, turn =>
    {
        lock (_turns)
            _turns.Add(turn);
    }, _clock).RunAsync(_stop.Token);

    private async Task<string> MakeAsync(CancellationToken cancellation) => _failure is null
        ? await _samples.WriteAsync(Path.GetFileName(BackupFolder.NewPath(_samples.Folder, _clock.GetUtcNow())), _store, now: _clock.GetUtcNow())
        : throw new IOException(_failure);

    private async Task TurnsAsync(int count)
    {
        await Eventually.TrueAsync(() => Count() >= count, cancellation: Cancellation);
        await Eventually.TrueAsync(() => _clock.Waiting > 0, cancellation: Cancellation);
        Assert.Equal(count, Count());

        int Count()
        {
            lock (_turns)
                return _turns.Count;
        }
    }

    private async Task<List<string>> NamesAsync() => [.. (await BackupFolder.ListAsync(_samples.Folder, Cancellation)).Select(b => b.Name)];

    [Fact]
    public async Task It_makes_one_at_the_start_and_then_every_interval_and_keeps_so_many()
    {
        Start();
        await TurnsAsync(1);
        for (var turn = 2; turn <= 6; turn++)
        {
            _clock.Advance(TimeSpan.FromHours(6));
            await TurnsAsync(turn);
        }

        Assert.All(_turns, t => Assert.Null(t.Error));
        Assert.Equal(["20261122T180000Z.coxswain-backup", "20261122T120000Z.coxswain-backup", "20261122T060000Z.coxswain-backup"], await NamesAsync());
    }

    [Fact]
    public async Task A_restart_makes_none_too_many_and_one_that_was_missed_is_made_at_once()
    {
        await _samples.WriteAsync("20261121T090000Z.coxswain-backup", _store, now: Samples.Now.AddHours(-3));
        Start();
        await Eventually.TrueAsync(() => _clock.Waiting > 0, cancellation: Cancellation);
        _clock.Advance(TimeSpan.FromHours(2.9));
        Assert.Empty(_turns);
        _clock.Advance(TimeSpan.FromHours(0.2));
        await TurnsAsync(1);
        await _stop.CancelAsync();

        await using var later = new BackupScheduleTests();
        await later._samples.WriteAsync("20261121T010000Z.coxswain-backup", later._store, now: Samples.Now.AddHours(-11));
        later.Start();
        await later.TurnsAsync(1);
    }

    [Fact]
    public async Task A_failure_is_told_and_tried_again_soon()
    {
        _failure = "No space left on device";
        Start();
        await TurnsAsync(1);
        Assert.Equal(("No space left on device", Samples.Now.AddMinutes(10)), (_turns[0].Error, _turns[0].Next));
        _failure = null;
        _clock.Advance(TimeSpan.FromMinutes(10));
        await TurnsAsync(2);
        Assert.Null(_turns[1].Error);
        Assert.Equal(Samples.Now.AddMinutes(10).AddHours(6), _turns[1].Next);
    }

    [Fact]
    public async Task Neither_the_last_verified_one_nor_what_is_not_ours_is_ever_removed()
    {
        var verified = await _samples.WriteAsync("20261120T010000Z.coxswain-backup", _store, now: Samples.Now.AddDays(-2));
        await BackupVerification.RunAsync(verified, Samples.Secret, _samples.PathOf("scratch"), _ => { }, _ => ValueVerdict.Readable, TimeProvider.System, Cancellation);
        await _samples.WriteAsync("20261120T020000Z.coxswain-backup", _store, now: Samples.Now.AddDays(-2).AddHours(1));
        await _samples.WriteAsync("foreign.coxswain-backup", _store, now: Samples.Now.AddDays(-9), content: Samples.Content with { Cluster = "another" });
        await File.WriteAllTextAsync(_samples.PathOf("notes.coxswain-backup"), "not a backup", Cancellation);
        Start(keep: 1);
        await TurnsAsync(1);
        Assert.Equal(["20261121T120000Z.coxswain-backup", "20261120T010000Z.coxswain-backup", "foreign.coxswain-backup", "notes.coxswain-backup"], await NamesAsync());
        var summaries = await BackupFolder.ListAsync(_samples.Folder, Cancellation);
        Assert.Equal("It is not a backup of Coxswain.", summaries[^1].Problem);
    }
}
