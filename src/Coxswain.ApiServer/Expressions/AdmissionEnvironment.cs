using Coxswain.Cel;

namespace Coxswain.ApiServer.Expressions;

/// <summary>The names that expressions about a request may use: object, oldObject, request, namespaceObject, authorizer, and where they
/// are declared params and variables.</summary>
internal static class AdmissionEnvironment
{
    private static readonly CelType GroupVersionKind = Fields("kubernetes.GroupVersionKind", ("group", CelType.String), ("version", CelType.String), ("kind", CelType.String));
    private static readonly CelType GroupVersionResource =
        Fields("kubernetes.GroupVersionResource", ("group", CelType.String), ("version", CelType.String), ("resource", CelType.String));
    private static readonly CelType UserInfo = Fields(
        "kubernetes.UserInfo",
        ("username", CelType.String), ("uid", CelType.String), ("groups", CelType.List(CelType.String)), ("extra", CelType.Map(CelType.String, CelType.List(CelType.String))));

    /// <summary>An AdmissionRequest without the objects, which have names of their own.</summary>
    public static CelType Request { get; } = Fields(
        "kubernetes.AdmissionRequest",
        ("kind", GroupVersionKind), ("resource", GroupVersionResource), ("subResource", CelType.String),
        ("requestKind", GroupVersionKind), ("requestResource", GroupVersionResource), ("requestSubResource", CelType.String),
        ("name", CelType.String), ("namespace", CelType.String), ("operation", CelType.String), ("userInfo", UserInfo),
        ("dryRun", CelType.Bool), ("options", CelType.Dyn));

    /// <summary>What of a namespace may be looked at: what other components may not change under a policy's feet.</summary>
    public static CelType Namespace { get; } = Fields(
        "kubernetes.Namespace",
        ("metadata", Fields(
            "kubernetes.NamespaceMetadata",
            ("name", CelType.String), ("generateName", CelType.String), ("namespace", CelType.String), ("labels", CelType.Map(CelType.String, CelType.String)),
            ("annotations", CelType.Map(CelType.String, CelType.String)), ("uid", CelType.String), ("creationTimestamp", CelType.Timestamp),
            ("deletionGracePeriodSeconds", CelType.Int), ("deletionTimestamp", CelType.Timestamp), ("resourceVersion", CelType.String),
            ("finalizers", CelType.List(CelType.String)))),
        ("spec", Fields("kubernetes.NamespaceSpec", ("finalizers", CelType.List(CelType.String)))),
        ("status", Fields("kubernetes.NamespaceStatus", ("phase", CelType.String))));

    private static readonly CelEnvironment Basic = KubernetesLibrary.Environment.With(new Dictionary<string, CelType>
    {
        ["object"] = CelType.Dyn,
        ["oldObject"] = CelType.Dyn,
        ["request"] = Request,
        ["namespaceObject"] = Namespace,
    });

    /// <summary>Without params and variables: match conditions of webhooks.</summary>
    public static CelEnvironment Standard { get; } = Create(hasParams: false, authorizer: true);

    /// <param name="authorizer">Messages cannot ask the authorizer.</param>
    public static CelEnvironment Create(bool hasParams, bool authorizer)
    {
        var environment = Basic;
        if (hasParams)
            environment = environment.With([KeyValuePair.Create("params", CelType.Dyn)]);
        return authorizer
            ? environment.With(AuthorizerLibrary.Overloads)
                .With([KeyValuePair.Create("authorizer", AuthorizerLibrary.Authorizer), KeyValuePair.Create("authorizer.requestResource", AuthorizerLibrary.ResourceCheck)])
            : environment;
    }

    public static CelType Fields(string name, params (string Name, CelType Type)[] fields)
    {
        var known = fields.ToDictionary(field => field.Name, field => field.Type, StringComparer.Ordinal);
        return CelType.Object(name, known.GetValueOrDefault);
    }
}
