using System.Globalization;

namespace Coxswain.Grpc;

/// <summary>Writes a deadline as the grpc-timeout header: at most eight digits and a unit, rounded up so as not to end early.</summary>
internal static class GrpcTimeout
{
    private const long MaxDigits = 99_999_999;

    public static string Format(TimeSpan timeout)
    {
        var milliseconds = Math.Max(1, (long)Math.Ceiling(timeout.TotalMilliseconds));
        if (milliseconds <= MaxDigits)
            return milliseconds.ToString(CultureInfo.InvariantCulture) + "m";

        var seconds = Math.Min(MaxDigits, (long)Math.Ceiling(timeout.TotalSeconds));
        return seconds.ToString(CultureInfo.InvariantCulture) + "S";
    }
}
