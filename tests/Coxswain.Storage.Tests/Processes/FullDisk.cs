using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Processes;

/// <summary>Fills the file system that the store lies on, and empties it again. Says what the store did at each step.</summary>
internal static class FullDisk
{
    public const string Role = "full-disk";

    public static async Task<int> RunAsync(string path)
    {
        var none = CancellationToken.None;
        await using var store = SqliteStore.Open(path);
        var first = await store.WriteAsync(new("/kept", 0, new byte[1024]), none);
        await using var watch = store.WatchAsync(StoreRange.Prefix("/"), first.Revision, none).GetAsyncEnumerator(none);

        // 1. Somebody else fills the disk.
        var ballast = Path.Combine(Path.GetDirectoryName(path)!, "ballast");
        await using (var file = File.Create(ballast))
        {
            try
            {
                while (true)
                    file.Write(new byte[4096]);
            }
            catch (IOException)
            {
                file.SetLength(file.Length / 4096 * 4096);
            }
        }

        // 2. Writes are refused, soon.
        var refused = "";
        for (var i = 0; i < 1000 && refused.Length == 0; i++)
        {
            try
            {
                await store.WriteAsync(new($"/k{i}", 0, new byte[4096]), none);
            }
            catch (StoreFullException error)
            {
                refused = error.Message;
            }
        }

        Console.WriteLine($"refused: {refused}");
        Console.WriteLine($"full: {store.Full}");

        // 3. Reads and watches go on.
        var current = (await store.GetRevisionsAsync(none)).Current;
        Console.WriteLine($"read: {(await store.GetAsync("/kept", none))?.Value.Length}");
        Console.WriteLine($"list: {(await store.ListAsync(StoreRange.Prefix("/"), default, none)).Count == current - 1}");
        var seen = first.Revision;
        while (seen < current && await watch.MoveNextAsync())
            seen = watch.Current.Revision;
        Console.WriteLine($"watch: {seen == current}");

        // 4. With room again, writes go on by themselves, and the watch shows them.
        File.Delete(ballast);
        var result = await store.WriteAsync(new("/after", 0, new byte[4096]), none);
        Console.WriteLine($"written: {result.Committed && result.Revision == current + 1 && !store.Full}");
        Console.WriteLine($"watched: {await watch.MoveNextAsync() && watch.Current.Revision == result.Revision}");
        return 0;
    }
}
