using Coxswain.Cel;

namespace Coxswain.ApiServer.Expressions;

/// <summary>What Kubernetes adds to CEL for every expression: quantities, URLs, addresses, formats and versions.</summary>
internal static class KubernetesLibrary
{
    /// <summary>As upstream: what one expression may cost.</summary>
    public const long PerCallLimit = 1_000_000;

    /// <summary>As upstream: what all expressions of a policy (or of the rules of an object) may cost together.</summary>
    public const long TotalLimit = 10_000_000;

    /// <summary>The environment that all others are made from.</summary>
    public static CelEnvironment Environment { get; } = CelEnvironment.Standard
        .With([.. QuantityLibrary.Overloads, .. UrlLibrary.Overloads, .. AddressLibrary.Overloads, .. FormatLibrary.Overloads, .. SemverLibrary.Overloads]);

    internal static CelOverload Global(string name, CelType result, CelFunctionBody body, params CelType[] parameters) =>
        new(name, false, result, body, parameters);

    /// <param name="parameters">The receiver first.</param>
    internal static CelOverload Member(string name, CelType result, CelFunctionBody body, params CelType[] parameters) =>
        new(name, true, result, body, parameters);
}
