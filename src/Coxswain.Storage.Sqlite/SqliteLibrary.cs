using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Coxswain.Storage.Sqlite;

/// <summary>Which SQLite does the work: the packaged one, or the system's where that is newer.</summary>
/// <remarks>Fixes of SQLite reach a machine with its distribution's updates, so the newer one is taken. <c>COXSWAIN_SQLITE</c> chooses
/// otherwise: <c>packaged</c>, <c>system</c>, or the path of a library. Chosen once, when the first connection is opened.</remarks>
internal static unsafe class SqliteLibrary
{
    public const string Variable = "COXSWAIN_SQLITE";
    private const string Packaged = "packaged";
    private const string System = "system";

    /// <summary>The oldest version that knows all that is used here (STRICT tables).</summary>
    private const int Oldest = 3_037_000;

    private static readonly string[] SystemNames = ["libsqlite3.so.0", "libsqlite3.so"];

    static SqliteLibrary()
    {
        var provider = typeof(SQLite3Provider_e_sqlite3).Assembly;
        Used = Choose(provider, Environment.GetEnvironmentVariable(Variable));
        NativeLibrary.SetDllImportResolver(provider, static (name, _, _) => name == "e_sqlite3" ? Used.Handle : 0);
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
    }

    /// <summary>The one that is used.</summary>
    public static Candidate Used { get; }

    /// <summary>Its version and where it came from, for people.</summary>
    public static string Description => $"SQLite {VersionText(Used.Version)} ({Used.Origin})";

    /// <summary>Sees to it that the choice has been made.</summary>
    public static void Load() => _ = Used;

    /// <summary>The newer of two; the packaged one, which the house is tested with, if they are the same.</summary>
    internal static Candidate? Newer(Candidate? packaged, Candidate? system) =>
        packaged is null ? system : system is null || system.Version <= packaged.Version ? packaged : system;

    internal static string VersionText(int version) =>
        string.Create(CultureInfo.InvariantCulture, $"{version / 1_000_000}.{version / 1000 % 1000}.{version % 1000}");

    private static Candidate Choose(Assembly provider, string? wanted)
    {
        var chosen = wanted switch
        {
            Packaged => TryPackaged(provider),
            System => TrySystem(),
            null or "" => Newer(TryPackaged(provider), TrySystem()),
            var path => TryLoad(path, path),
        };
        return chosen ?? throw new StoreException(
            $"No SQLite of version {VersionText(Oldest)} or later was found{(string.IsNullOrEmpty(wanted) ? "" : $" ({Variable} is {wanted})")}; install libsqlite3.");
    }

    private static Candidate? TryPackaged(Assembly provider) =>
        NativeLibrary.TryLoad("e_sqlite3", provider, null, out var handle) ? Inspect(handle, Packaged) : null;

    private static Candidate? TrySystem() => SystemNames.Select(name => TryLoad(name, System)).FirstOrDefault(found => found is not null);

    private static Candidate? TryLoad(string path, string origin) => NativeLibrary.TryLoad(path, out var handle) ? Inspect(handle, origin) : null;

    private static Candidate? Inspect(nint handle, string origin)
    {
        if (!NativeLibrary.TryGetExport(handle, "sqlite3_libversion_number", out var version)
            || !NativeLibrary.TryGetExport(handle, "sqlite3_threadsafe", out var threadsafe)
            || ((delegate* unmanaged[Cdecl]<int>)threadsafe)() == 0)
            return null;
        var number = ((delegate* unmanaged[Cdecl]<int>)version)();
        return number < Oldest ? null : new(handle, number, origin);
    }

    internal sealed record Candidate(nint Handle, int Version, string Origin);
}
