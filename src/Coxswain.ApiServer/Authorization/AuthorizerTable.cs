using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Authorization;

/// <summary>The authorizers by the names of --authorization-mode.</summary>
internal static class AuthorizerTable
{
    /// <summary>The modes that --authorization-mode takes.</summary>
    public static IReadOnlyList<string> Modes { get; } = ["Node", "RBAC", "AlwaysAllow", "AlwaysDeny"];

    /// <summary>Modes that upstream has besides.</summary>
    private static readonly string[] Elsewhere = ["ABAC", "Webhook"];

    /// <summary>What is wrong with the modes, in upstream's words.</summary>
    public static IEnumerable<string> Problems(IReadOnlyList<string> modes)
    {
        if (modes.Count == 0)
            yield return "at least one authorization-mode must be passed";
        foreach (var mode in modes)
        {
            if (Elsewhere.Contains(mode))
                yield return $"authorization-mode \"{mode}\" is not part of Coxswain; known modes are {string.Join(", ", Modes)}";
            else if (!Modes.Contains(mode))
                yield return $"authorization-mode \"{mode}\" is not a valid mode; known modes are {string.Join(", ", Modes)}";
        }

        if (modes.Distinct(StringComparer.Ordinal).Count() != modes.Count)
            yield return $"authorization-mode [{string.Join(' ', modes.Select(m => $"\"{m}\""))}] has mode specified more than once";
    }

    /// <exception cref="ArgumentException">A mode is unknown or named twice.</exception>
    public static AuthorizerChain Create(IReadOnlyList<string> modes, RbacAuthorizer rbac, RegistryTable registries)
    {
        if (Problems(modes).FirstOrDefault() is { } problem)
            throw new ArgumentException(problem);
        var members = new List<IAuthorizer>();
        foreach (var mode in modes)
        {
            members.Add(mode switch
            {
                "Node" => new NodeAuthorizer(registries),
                "RBAC" => rbac,
                "AlwaysAllow" => new AlwaysAllowAuthorizer(),
                "AlwaysDeny" => new AlwaysDenyAuthorizer(),
                _ => throw new ArgumentException($"authorization-mode {mode} has no authorizer"),
            });
        }

        return new(members);
    }
}
