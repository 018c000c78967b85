namespace Coxswain.Api;

/// <summary>A document that cannot be read. The message is upstream's, for the client to see.</summary>
/// <param name="isSyntax">The text is no JSON at all, rather than JSON of another shape.</param>
public sealed class DecodeException(string message, bool isSyntax = false) : Exception(message)
{
    /// <summary>Whether the text is no JSON at all. Upstream finds that out when it looks for the kind, and says so in front.</summary>
    public bool IsSyntax { get; } = isSyntax;
}
