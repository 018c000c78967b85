namespace Coxswain.ApiServer.Registry.Core;

/// <summary>As much of image references as the choice of a pull policy needs.</summary>
internal static class ImageName
{
    /// <summary>Always for what says "latest", or neither tag nor digest; IfNotPresent for the rest, and for what is no reference.</summary>
    public static string DefaultPullPolicy(string image) => IsLatest(image) ? "Always" : "IfNotPresent";

    private static bool IsLatest(string image)
    {
        if (image.Length == 0 || image.Contains('@'))
            return false;
        var slash = image.LastIndexOf('/');
        var colon = image.IndexOf(':', slash + 1);
        var name = colon < 0 ? image.AsSpan() : image.AsSpan(0, colon);
        if (colon >= 0 && image.AsSpan(colon + 1) is not "latest")
            return false;
        var first = image.IndexOf('/');
        // The part before the first slash is a host only if it looks like one; the rest is of lower case.
        var host = first > 0 && (name[..first].ContainsAny('.', ':') || name[..first] is "localhost");
        foreach (var c in host ? name[(first + 1)..] : name)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('.' or '_' or '-' or '/'))
                return false;
        return true;
    }
}
