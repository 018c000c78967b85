namespace Coxswain.Api;

/// <summary>What a strict reader objects to and a lenient one passes over: unknown and duplicate fields, in upstream's words and in
/// the order of the document. Not thread safe: one report per document.</summary>
public sealed class DecodeReport
{
    // Upstream's bound: a document of nothing but mistakes must not cost more than it is worth.
    private const int Limit = 100;
    private readonly List<string> _findings = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Such as <c>unknown field "spec.foo"</c> and <c>duplicate field "spec.x"</c>; each once.</summary>
    public IReadOnlyList<string> Findings => _findings;

    public bool IsClean => _findings.Count == 0;

    /// <summary>The text of the error that refuses the document: <c>strict decoding error: unknown field "spec.foo"</c>.</summary>
    public string ToErrorMessage() => "strict decoding error: " + string.Join(", ", _findings);

    public void Add(string finding)
    {
        if (_findings.Count < Limit && _seen.Add(finding))
            _findings.Add(finding);
    }
}
