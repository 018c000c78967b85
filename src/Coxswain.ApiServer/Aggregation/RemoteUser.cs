using System.Text;
using Coxswain.Api.Authentication.V1;

namespace Coxswain.ApiServer.Aggregation;

/// <summary>How a proxy that has proven who it is says on whose behalf it asks: the X-Remote headers.</summary>
internal static class RemoteUser
{
    private const string Prefix = "X-Remote-";
    private const string ExtraPrefix = "X-Remote-Extra-";

    /// <summary>Whether only a proxy may send a header.</summary>
    public static bool IsReserved(string header) => header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    public static IEnumerable<(string Name, string Value)> Headers(UserInfo user)
    {
        yield return (Prefix + "User", user.Username);
        if (user.Uid.Length > 0)
            yield return (Prefix + "Uid", user.Uid);
        foreach (var group in user.Groups)
            yield return (Prefix + "Group", group);
        foreach (var (key, values) in user.Extra)
            foreach (var value in values)
                yield return (ExtraPrefix + Escape(key), value);
    }

    /// <summary>The same for a client whose handler sends <see cref="HeaderLines"/>: one value for each name.</summary>
    /// <exception cref="HttpRequestException">A value cannot stand in a header.</exception>
    public static IEnumerable<(string Name, string Value)> Joined(UserInfo user) => Headers(user)
        .GroupBy(header => header.Name, StringComparer.OrdinalIgnoreCase)
        .Select(group => (group.Key, HeaderLines.Join(group.Key, group.Select(header => header.Value))));

    /// <summary>What may not stand in a header's name is written as in URLs.</summary>
    internal static string Escape(string key)
    {
        var escaped = new StringBuilder();
        foreach (var one in Encoding.UTF8.GetBytes(key))
        {
            if (char.IsAsciiLetterOrDigit((char)one) || "!#$&'*+-.^_`|~".Contains((char)one, StringComparison.Ordinal))
                escaped.Append((char)one);
            else
                escaped.Append('%').Append(one.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return escaped.ToString();
    }

    /// <summary>The key that a header's name was made of; in lower case, as header names have none.</summary>
    public static string Unescape(string name)
    {
        var text = name.ToLowerInvariant();
        return text.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(text) : text;
    }
}
