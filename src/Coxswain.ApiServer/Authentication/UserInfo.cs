namespace Coxswain.ApiServer.Authentication;

/// <summary>Who makes a request. Immutable; shared between requests.</summary>
public sealed class UserInfo
{
    public const string AnonymousName = "system:anonymous";
    public const string AuthenticatedGroup = "system:authenticated";
    public const string UnauthenticatedGroup = "system:unauthenticated";
    public const string MastersGroup = "system:masters";
    public const string ServiceAccountPrefix = "system:serviceaccount:";
    public const string NodePrefix = "system:node:";
    public const string NodesGroup = "system:nodes";

    public UserInfo(string name, IReadOnlyList<string> groups, string uid = "", IReadOnlyDictionary<string, IReadOnlyList<string>>? extra = null)
    {
        Name = name;
        Groups = groups;
        Uid = uid;
        Extra = extra ?? EmptyExtra;
    }

    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> EmptyExtra = new Dictionary<string, IReadOnlyList<string>>();

    public static UserInfo Anonymous { get; } = new(AnonymousName, [UnauthenticatedGroup]);

    public string Name { get; }

    public string Uid { get; }

    public IReadOnlyList<string> Groups { get; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; }

    /// <summary>A module of this process acting as a component that RBAC knows by its user name.</summary>
    public static UserInfo Component(string name, params ReadOnlySpan<string> groups) => new(name, [.. groups, AuthenticatedGroup]);

    /// <summary>The user of a service account, as its tokens would name it.</summary>
    public static UserInfo ServiceAccount(string @namespace, string name, string uid = "") => new(
        $"{ServiceAccountPrefix}{@namespace}:{name}",
        ["system:serviceaccounts", "system:serviceaccounts:" + @namespace, AuthenticatedGroup],
        uid);

    public bool IsIn(string group)
    {
        for (var i = 0; i < Groups.Count; i++)
            if (string.Equals(Groups[i], group, StringComparison.Ordinal))
                return true;
        return false;
    }

    /// <summary>Namespace and name, if this is a service account.</summary>
    public bool TryGetServiceAccount(out string @namespace, out string name)
    {
        (@namespace, name) = ("", "");
        if (!Name.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal))
            return false;
        var rest = Name.AsSpan(ServiceAccountPrefix.Length);
        var colon = rest.IndexOf(':');
        if (colon <= 0 || colon == rest.Length - 1 || rest[(colon + 1)..].Contains(':'))
            return false;
        (@namespace, name) = (rest[..colon].ToString(), rest[(colon + 1)..].ToString());
        return true;
    }

    public override string ToString() => Name;
}
