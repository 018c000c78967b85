using System.Text.RegularExpressions;

namespace Coxswain.Node.Images;

/// <summary>The name of an image in full: registry host, path, and a tag or a digest.</summary>
/// <remarks>Short names are completed as everybody does: <c>nginx</c> is <c>docker.io/library/nginx:latest</c>.</remarks>
public sealed partial record ImageReference
{
    private const string DefaultHost = "docker.io";

    private ImageReference(string repository, string tag, string digest)
    {
        Repository = repository;
        Tag = tag;
        Digest = digest;
    }

    /// <summary>Host and path, such as docker.io/library/nginx.</summary>
    public string Repository { get; }

    /// <summary>Empty only where there is a digest.</summary>
    public string Tag { get; }

    /// <summary>sha256:..., or empty.</summary>
    public string Digest { get; }

    public override string ToString() => Repository + (Tag.Length > 0 ? ":" + Tag : "") + (Digest.Length > 0 ? "@" + Digest : "");

    /// <summary>Reads a name, completing what is missing; false when it is none.</summary>
    public static bool TryParse(string text, out ImageReference? reference)
    {
        reference = null;
        if (text.Length > 4096 || Grammar().Match(text) is not { Success: true } match)
            return false;

        var name = match.Groups["name"].Value;
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : name[..slash];
        // A first part is a host when nothing else can look like it: by a dot, a port, an upper-case letter, or by being localhost.
        var hasHost = first.Length > 0
            && (first.AsSpan().ContainsAny('.', ':') || first == "localhost" || first.Any(char.IsUpper));
        var path = hasHost ? name[(slash + 1)..] : name;
        if (path.Length > 255 || path.Any(char.IsUpper) || path.Contains(':', StringComparison.Ordinal))
            return false;

        var repository = hasHost && first != "index.docker.io"
            ? name
            : DefaultHost + "/" + path;
        if (repository.StartsWith(DefaultHost + "/", StringComparison.Ordinal) && repository.Count(c => c == '/') == 1)
            repository = DefaultHost + "/library/" + repository[(DefaultHost.Length + 1)..];

        var tag = match.Groups["tag"].Value;
        var digest = match.Groups["digest"].Value;
        reference = new(repository, tag.Length == 0 && digest.Length == 0 ? "latest" : tag, digest);
        return true;
    }

    /// <exception cref="FormatException">It is no name of an image.</exception>
    public static ImageReference Parse(string text) =>
        TryParse(text, out var reference) ? reference! : throw new FormatException($"\"{text}\" is not the name of an image");

    [GeneratedRegex("""
        ^(?<name>
            (?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?/)?
            [a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*
        )
        (?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?
        (?:@(?<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?\z
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Grammar();
}
