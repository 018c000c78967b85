using System.Globalization;
using System.Text;
using Coxswain.Api;

namespace Coxswain.Client;

/// <summary>The addresses of the API.</summary>
internal static class ApiPaths
{
    public static string Of(GroupVersionResource resource, string ns = "", string name = "", string subresource = "")
    {
        var path = new StringBuilder(resource.Group.Length == 0 ? "/api/" : "/apis/" + resource.Group + "/").Append(resource.Version);
        if (ns.Length > 0)
            path.Append("/namespaces/").Append(Uri.EscapeDataString(ns));
        path.Append('/').Append(resource.Resource);
        if (name.Length > 0)
            path.Append('/').Append(Uri.EscapeDataString(name));
        if (subresource.Length > 0)
            path.Append('/').Append(subresource);
        return path.ToString();
    }

    public static string Of(GroupVersionResource resource, ListQuery query) => WithQuery(Of(resource, query.Namespace),
        ("labelSelector", query.LabelSelector), ("fieldSelector", query.FieldSelector), ("resourceVersion", query.ResourceVersion),
        ("resourceVersionMatch", query.ResourceVersionMatch), ("limit", query.Limit?.ToString(CultureInfo.InvariantCulture) ?? ""),
        ("continue", query.Continue));

    public static string Of(GroupVersionResource resource, WatchQuery query) => WithQuery(Of(resource, query.Namespace),
        ("watch", "true"), ("labelSelector", query.LabelSelector), ("fieldSelector", query.FieldSelector),
        ("resourceVersion", query.ResourceVersion), ("allowWatchBookmarks", query.AllowBookmarks ? "true" : ""),
        ("timeoutSeconds", query.Timeout is { } t ? ((long)t.TotalSeconds).ToString(CultureInfo.InvariantCulture) : ""));

    public static string WithQuery(string path, params ReadOnlySpan<(string Key, string Value)> parameters)
    {
        var result = new StringBuilder(path);
        var separator = '?';
        foreach (var (key, value) in parameters)
        {
            if (value.Length == 0)
                continue;
            result.Append(separator).Append(key).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }
        return result.ToString();
    }
}
