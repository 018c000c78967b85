namespace Coxswain.Controllers;

/// <summary>Does the same thing many times at once, but in batches that grow only while all goes well, so that a thousand attempts that the
/// quota refuses do not flood the server.</summary>
internal static class SlowStart
{
    /// <summary>Returns how many succeeded, and the first failure of the batch that ended it.</summary>
    public static async Task<(int Succeeded, Exception? Error)> RunAsync(int count, Func<int, Task> action)
    {
        var done = 0;
        for (var batch = 1; done < count; batch *= 2)
        {
            var size = Math.Min(batch, count - done);
            var tasks = new Task[size];
            for (var i = 0; i < size; i++)
                tasks[i] = StartAsync(action, done + i);
            var all = Task.WhenAll(tasks);
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!all.IsCompletedSuccessfully)
            {
                var failed = tasks.First(t => !t.IsCompletedSuccessfully);
                var error = failed.Exception?.InnerException ?? new OperationCanceledException();
                return (done + tasks.Count(t => t.IsCompletedSuccessfully), error);
            }
            done += size;
        }
        return (done, null);
    }

    // An action that throws before its first await is a failed task like any other.
    private static async Task StartAsync(Func<int, Task> action, int index) => await action(index).ConfigureAwait(false);
}
