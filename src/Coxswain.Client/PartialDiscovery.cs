using System.Collections;

namespace Coxswain.Client;

/// <summary>The resources that a server serves, where some groups could not be asked. Who must know all of them looks for this.</summary>
/// <param name="served">What is known.</param>
/// <param name="failures">Group versions that could not be asked, with the reason.</param>
public sealed class PartialDiscovery(IReadOnlyList<ServedResource> served, IReadOnlyDictionary<string, string> failures) : IReadOnlyList<ServedResource>
{
    public IReadOnlyDictionary<string, string> Failures => failures;

    /// <summary>All failures in one sentence, as upstream's client words it.</summary>
    public string Message => "unable to retrieve the complete list of server APIs: "
        + string.Join(", ", failures.OrderBy(failure => failure.Key, StringComparer.Ordinal).Select(failure => $"{failure.Key}: {failure.Value}"));

    public int Count => served.Count;

    public ServedResource this[int index] => served[index];

    public IEnumerator<ServedResource> GetEnumerator() => served.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
