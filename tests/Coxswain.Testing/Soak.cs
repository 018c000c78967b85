using System.Globalization;

namespace Coxswain.Testing;

/// <summary>How long the tests go on that get better the longer they run; <c>./build.sh soak</c> sets both.</summary>
public static class Soak
{
    /// <summary>How often a process is killed: COXSWAIN_KILL_ROUNDS, 20 without it.</summary>
    public static int KillRounds => Number("COXSWAIN_KILL_ROUNDS") ?? 20;

    /// <summary>How many random cases are looked at: the usual ones times COXSWAIN_FUZZ.</summary>
    public static int Cases(int usual) => usual * (Number("COXSWAIN_FUZZ") ?? 1);

    /// <summary>Says how far a long run is; nothing in a short one.</summary>
    public static void Progress(string what, int done, int of)
    {
        if ((Number("COXSWAIN_KILL_ROUNDS") ?? Number("COXSWAIN_FUZZ")) is not null && (done % Math.Max(1, of / 20) == 0 || done == of))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {what}: {done} of {of}"));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) && number > 0 ? number : null;
}
