using System.Globalization;
using System.Text.RegularExpressions;
using Coxswain.ApiServer;
using Coxswain.Lifecycle;

namespace Coxswain.Composition;

/// <summary>Reads the values of upstream's API server flags.</summary>
internal static partial class ApiServerFlagReader
{
    /// <exception cref="LifecycleException">A value is not of the flag's form.</exception>
    public static ApiServerOptions Read(ClusterOptions cluster)
    {
        var flags = cluster.ApiServerFlags;
        var options = new ApiServerOptions
        {
            DataDir = cluster.DataDirectory,
            BindAddress = cluster.BindAddress.ToString(),
            SecurePort = cluster.SecurePort,
            AdvertiseAddress = cluster.NodeAddress?.ToString() ?? "",
            ServiceClusterIPRange = cluster.ServiceClusterIPRange,
            ServiceNodePortRange = cluster.ServiceNodePortRange,
        };
        foreach (var (name, value) in flags)
        {
            options = name switch
            {
                "authorization-mode" => options with { AuthorizationMode = List(value) },
                "enable-admission-plugins" => options with { EnableAdmissionPlugins = List(value) },
                "disable-admission-plugins" => options with { DisableAdmissionPlugins = List(value) },
                "token-auth-file" => options with { TokenAuthFile = Path.GetFullPath(value) },
                "anonymous-auth" => options with { AnonymousAuth = Bool(name, value) },
                "event-ttl" => options with { EventTtl = Duration(name, value) },
                "request-timeout" => options with { RequestTimeout = Duration(name, value) },
                "max-requests-inflight" => options with { MaxRequestsInflight = Int(name, value) },
                "max-mutating-requests-inflight" => options with { MaxMutatingRequestsInflight = Int(name, value) },
                "runtime-config" => options with { RuntimeConfig = Map(value) },
                "service-account-issuer" => options with { ServiceAccountIssuer = value },
                "advertise-address" => options with { AdvertiseAddress = value },
                "profiling" => options with { Profiling = Bool(name, value) },
                _ => throw new LifecycleException($"--{name} is not known"),
            };
        }

        return options;
    }

    private static string[] List(string value) => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static Dictionary<string, string> Map(string value) =>
        List(value).Select(e => e.Split('=', 2)).ToDictionary(e => e[0], e => e.Length > 1 ? e[1] : "true");

    private static bool Bool(string name, string value) => value switch
    {
        "true" or "True" or "TRUE" or "t" or "T" or "1" => true,
        "false" or "False" or "FALSE" or "f" or "F" or "0" => false,
        _ => throw new LifecycleException($"--{name}: {value} is neither true nor false"),
    };

    private static int Int(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new LifecycleException($"--{name}: {value} is not a whole number");

    /// <summary>Go's form: 1h30m, 90s, 500ms.</summary>
    private static TimeSpan Duration(string name, string value)
    {
        if (value.Length == 0 || !GoDuration().IsMatch(value))
            throw new LifecycleException($"--{name}: {value} is not a duration such as 1h30m or 90s");
        var sum = TimeSpan.Zero;
        foreach (Match part in DurationPart().Matches(value))
        {
            var number = double.Parse(part.Groups[1].Value, CultureInfo.InvariantCulture);
            sum += part.Groups[2].Value switch
            {
                "h" => TimeSpan.FromHours(number),
                "m" => TimeSpan.FromMinutes(number),
                "s" => TimeSpan.FromSeconds(number),
                _ => TimeSpan.FromMilliseconds(number),
            };
        }

        return sum;
    }

    [GeneratedRegex(@"^([0-9]+(\.[0-9]+)?(h|ms|m|s))+$")]
    private static partial Regex GoDuration();

    [GeneratedRegex(@"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s)")]
    private static partial Regex DurationPart();
}
