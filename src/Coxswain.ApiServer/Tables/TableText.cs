using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Tables;

/// <summary>Texts that several tables share.</summary>
internal static class TableText
{
    public const string None = "<none>";
    public const string Unset = "<unset>";

    public static string Join(IEnumerable<string>? values) => values is null ? "" : string.Join(',', values);

    public static string OrNone(string? text) => string.IsNullOrEmpty(text) ? None : text;

    public static string Labels(ApiMap<string> labels) =>
        labels.Count == 0 ? None : Join(labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

    public static string Selector(LabelSelector? selector) =>
        Api.Selectors.Selector.TryFrom(selector, out var parsed, out _) ? OrNone(parsed.ToString()) : "<error>";

    /// <summary>At most so many, and how many more there are.</summary>
    public static string Some(IReadOnlyList<string> all, int max, string none)
    {
        if (all.Count == 0)
            return none;
        var shown = Join(all.Take(max));
        return all.Count > max ? $"{shown} + {all.Count - max} more..." : shown;
    }

    /// <summary>Access modes in their short forms, each once, in a fixed order.</summary>
    public static string AccessModes(ApiList<string> modes) => Join(
        AllAccessModes.Where(mode => modes.Contains(mode.Name)).Select(mode => mode.Short));

    public static string Condition(bool? flag) => flag switch { null => Unset, true => "True", false => "False" };

    public static string ParamKind(string apiVersion, string kind) => apiVersion.Length == 0 ? kind : $"{apiVersion}/{kind}";

    private static readonly (string Name, string Short)[] AllAccessModes =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

    /// <summary>The addresses of a load balancer, sorted, each once.</summary>
    public static string Ingress(IEnumerable<(string Ip, string Hostname)> ingress) => Join(
        ingress.Select(point => point.Ip.Length > 0 ? point.Ip : point.Hostname)
            .Where(address => address.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    public static string Ingress(ApiList<LoadBalancerIngress> ingress) => Ingress(ingress.Select(point => (point.Ip, point.Hostname)));
}
