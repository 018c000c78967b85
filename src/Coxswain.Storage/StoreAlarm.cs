namespace Coxswain.Storage;

/// <summary>Something that people should see to before it stops the store, or that has.</summary>
/// <param name="Name">What it is, for programs: see the constants.</param>
/// <param name="Serious">Writes are refused, or soon will be, or data is lost.</param>
/// <param name="Message">One sentence for people that names the mend.</param>
public sealed record StoreAlarm(string Name, bool Serious, string Message)
{
    /// <summary>There is no room: writes are refused.</summary>
    public const string NoSpace = "NOSPACE";

    /// <summary>Most of what the store may use is used.</summary>
    public const string StoreNearlyFull = "STORE-NEARLY-FULL";

    /// <summary>The disk below the store has little room left.</summary>
    public const string DiskNearlyFull = "DISK-NEARLY-FULL";

    /// <summary>The stored data is damaged.</summary>
    public const string Corrupt = "CORRUPT";
}
