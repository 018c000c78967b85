using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Processes;

/// <summary>Tries to open a store and says what came of it.</summary>
internal static class LockProbe
{
    public const string Role = "lock-probe";

    public static async Task<int> RunAsync(string path)
    {
        try
        {
            await using var store = SqliteStore.Open(path);
            Console.WriteLine("opened");
        }
        catch (StoreLockedException error)
        {
            Console.WriteLine(error.Message);
        }

        return 0;
    }
}
