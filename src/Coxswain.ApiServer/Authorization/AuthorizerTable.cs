using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Authorization;

/// <summary>The authorizers by the names of --authorization-mode.</summary>
internal static class AuthorizerTable
{
    /// <exception cref="ArgumentException">A mode is unknown or named twice.</exception>
    public static AuthorizerChain Create(IReadOnlyList<string> modes, RbacAuthorizer rbac, RegistryTable registries)
    {
        if (modes.Count == 0)
            throw new ArgumentException("at least one authorization-mode must be passed");
        var members = new List<IAuthorizer>();
        foreach (var mode in modes)
        {
            members.Add(mode switch
            {
                "Node" => new NodeAuthorizer(registries),
                "RBAC" => rbac,
                "AlwaysAllow" => new AlwaysAllowAuthorizer(),
                "AlwaysDeny" => new AlwaysDenyAuthorizer(),
                _ => throw new ArgumentException($"authorization-mode {mode} is unknown; known are Node, RBAC, AlwaysAllow and AlwaysDeny"),
            });
        }

        if (modes.Distinct(StringComparer.Ordinal).Count() != modes.Count)
            throw new ArgumentException($"authorization-mode {string.Join(',', modes)} has mode specified more than once");
        return new(members);
    }
}
