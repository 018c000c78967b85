using System.Globalization;
using Coxswain.Api;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Resource versions are opaque to clients; here they are the store's revisions in decimal.</summary>
internal static class ResourceVersionText
{
    public static string Of(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    /// <summary>Empty and "0" are 0.</summary>
    public static bool TryParse(string text, out long revision)
    {
        revision = 0;
        return text.Length == 0 || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out revision);
    }

    /// <summary>A resource version of a query.</summary>
    /// <exception cref="ApiException">500, as clients of upstream know it for a version that is no number.</exception>
    public static long Parse(string text) => TryParse(text, out var revision)
        ? revision
        : throw new ApiException(Statuses.Unknown($"resourceVersion: Invalid value: {GoText.Quote(text)}: {SyntaxError(text)}"));

    /// <summary>The resource version that an object in a request carries.</summary>
    public static long ParseObject(string text) => TryParse(text, out var revision) ? revision : throw new ApiException(Statuses.Unknown(SyntaxError(text)));

    private static string SyntaxError(string text) => $"strconv.ParseUint: parsing {GoText.Quote(text)}: invalid syntax";
}
