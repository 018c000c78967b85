using Coxswain.Testing;

namespace Coxswain.Client.Tests;

public sealed class WorkQueueTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new("test", _clock);

    public void Dispose() => _queue.Dispose();

    private string Take()
    {
        Assert.True(_queue.TryTake(out var name));
        return name;
    }

    private void AssertEmpty() => Assert.False(_queue.TryTake(out _));

    [Fact]
    public void A_name_added_twice_is_handed_out_once()
    {
        _queue.Add("a");
        _queue.Add("a");
        Assert.Equal("a", Take());
        AssertEmpty();
    }

    [Fact]
    public void A_name_is_never_with_two_workers_and_comes_again_when_it_was_added_meanwhile()
    {
        _queue.Add("a");
        Assert.Equal("a", Take());
        _queue.Add("a");
        AssertEmpty();
        _queue.Done("a");
        Assert.Equal("a", Take());
        _queue.Done("a");
        AssertEmpty();
    }

    [Fact]
    public void Names_come_in_the_order_in_which_they_were_added()
    {
        foreach (var name in (string[])["c", "a", "b"])
            _queue.Add(name);
        Assert.Equal(["c", "a", "b"], [Take(), Take(), Take()]);
    }

    [Fact]
    public void A_delayed_name_comes_when_its_time_has_come_and_not_before()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _clock.Advance(TimeSpan.FromSeconds(9.999));
        AssertEmpty();
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("a", Take());
    }

    [Fact]
    public void Of_several_delays_of_a_name_the_earliest_counts_and_the_others_are_forgotten()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.AddAfter("a", TimeSpan.FromSeconds(2));
        _queue.AddAfter("a", TimeSpan.FromSeconds(20));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("a", Take());
        _queue.Done("a");
        _clock.Advance(TimeSpan.FromMinutes(1));
        AssertEmpty();
    }

    [Fact]
    public void Failures_double_the_pause_up_to_the_longest_and_success_ends_it()
    {
        foreach (var milliseconds in (int[])[5, 10, 20, 40])
        {
            _queue.AddRateLimited("a");
            _clock.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
            AssertEmpty();
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal("a", Take());
            _queue.Done("a");
        }
        for (var i = 0; i < 40; i++)
        {
            _queue.AddRateLimited("a");
            _clock.Advance(TimeSpan.FromSeconds(1000));
            Assert.Equal("a", Take());
            _queue.Done("a");
        }
        _queue.Forget("a");
        _queue.AddRateLimited("a");
        _clock.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal("a", Take());
    }

    [Fact]
    public async Task A_waiting_worker_gets_the_name_that_comes()
    {
        var taken = _queue.TakeAsync(TestContext.Current.CancellationToken);
        Assert.False(taken.IsCompleted);
        _queue.Add("a");
        Assert.Equal("a", await taken);
    }

    [Fact]
    public async Task A_worker_that_is_cancelled_takes_nothing()
    {
        using var stop = new CancellationTokenSource();
        var taken = _queue.TakeAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taken);
        _queue.Add("a");
        Assert.Equal("a", Take());
    }

    [Fact]
    public async Task Many_workers_and_many_additions_never_work_on_one_name_at_once()
    {
        var busy = new int[20];
        var done = 0;
        using var stop = new CancellationTokenSource();
        using var queue = new WorkQueue<int>("busy", TimeProvider.System);
        var workers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                var name = await queue.TakeAsync(stop.Token);
                Assert.Equal(1, Interlocked.Increment(ref busy[name]));
                await Task.Yield();
                Interlocked.Decrement(ref busy[name]);
                Interlocked.Increment(ref done);
                queue.Done(name);
            }
        })).ToArray();
        Parallel.For(0, 4000, i => queue.Add(i % busy.Length));
        await Eventually.TrueAsync(() => queue.Count == 0 && done >= busy.Length, cancellation: TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(workers));
        Assert.All(workers, w => Assert.True(w.IsCanceled, w.Exception?.ToString()));
    }
}
