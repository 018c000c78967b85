using Coxswain.Api;

namespace Coxswain.Client;

/// <summary>A resource that the server serves, as discovery tells.</summary>
public sealed record ServedResource(GroupVersionResource Resource, string Kind, bool Namespaced, IReadOnlyList<string> Verbs)
{
    public bool Supports(string verb) => Verbs.Contains(verb);
}
