using Coxswain.Cel;

namespace Coxswain.ApiServer.Expressions;

/// <summary>What expressions of mutating policies may make: <c>Object{spec: Object.spec{...}}</c> and <c>JSONPatch{op: ...}</c>.</summary>
internal static class MutationEnvironment
{
    /// <summary>The result of an apply configuration.</summary>
    public static CelType Object { get; } = TypeOf("Object")!;

    /// <summary>One operation of a JSON patch (RFC 6902).</summary>
    public static CelType JsonPatch { get; } = AdmissionEnvironment.Fields(
        "JSONPatch", ("op", CelType.String), ("path", CelType.String), ("from", CelType.String), ("value", CelType.Dyn));

    private static readonly CelOverload EscapeKey = KubernetesLibrary.Global(
        "jsonpatch.escapeKey", CelType.String,
        (_, a) => CelValue.Of(a[0].AsString.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)), CelType.String);

    public static CelEnvironment ForApply(CelEnvironment environment) => environment.WithObjectTypes(TypeOf);

    public static CelEnvironment ForPatch(CelEnvironment environment) =>
        environment.With([EscapeKey]).WithObjectTypes(name => name == "JSONPatch" ? JsonPatch : TypeOf(name));

    // Fields are judged when the result is read as an object of the kind.
    private static CelType? TypeOf(string name) =>
        name == "Object" || name.StartsWith("Object.", StringComparison.Ordinal) ? CelType.Object(name, _ => CelType.Dyn) : null;
}
