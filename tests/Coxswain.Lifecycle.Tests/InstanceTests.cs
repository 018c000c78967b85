namespace Coxswain.Lifecycle.Tests;

public sealed class InstanceTests : IDisposable
{
    private readonly InstanceDirectory _directory = new(Path.Combine(Directory.CreateTempSubdirectory("coxswain-").FullName, "data"));

    public InstanceTests() => _directory.Create();

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_directory.Root)!, recursive: true);

    private static InstanceRecord Record(int pid, long ticks) =>
        new(pid, ticks, "https://127.0.0.1:6443", "v1.36.0", "here", new(2026, 11, 21, 0, 0, 0, TimeSpan.Zero), null);

    [Fact]
    public void The_data_folder_is_its_owners_only()
    {
        var owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.Equal(owner, File.GetUnixFileMode(_directory.Root));
        Assert.Equal(owner, File.GetUnixFileMode(_directory.Pki));
    }

    [Fact]
    public void A_folder_is_held_by_one_at_a_time()
    {
        using (InstanceLock.Acquire(_directory))
        {
            var error = Assert.Throws<LifecycleException>(() => InstanceLock.Acquire(_directory));
            Assert.Contains("--data-dir", error.Message, StringComparison.Ordinal);
        }

        using var again = InstanceLock.TryAcquire(_directory);
        Assert.NotNull(again);
    }

    [Fact]
    public void A_record_comes_back_as_it_was_written()
    {
        var record = Record(Environment.ProcessId, 12);
        record.Write(_directory);
        Assert.Equal(record, InstanceRecord.Read(_directory));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory.InstanceFile));
    }

    [Fact]
    public void A_process_is_told_from_a_later_one_of_the_same_number()
    {
        var ticks = ProcessTable.StartTicks(Environment.ProcessId);
        Assert.NotNull(ticks);
        Assert.True(Record(Environment.ProcessId, ticks.Value).IsAlive());
        Assert.False(Record(Environment.ProcessId, ticks.Value - 1).IsAlive());
        Assert.False(Record(int.MaxValue, ticks.Value).IsAlive());
    }

    [Fact]
    public void A_missing_or_damaged_record_is_no_record()
    {
        Assert.Null(InstanceRecord.Read(_directory));
        File.WriteAllText(_directory.InstanceFile, "{");
        Assert.Null(InstanceRecord.Read(_directory));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_gives_a_sentence_with_the_mend()
    {
        var error = Assert.Throws<LifecycleException>(() => new InstanceDirectory("/proc/coxswain").Create());
        Assert.Contains("--data-dir", error.Message, StringComparison.Ordinal);
    }
}
