using Coxswain.Api.Authentication.V1;

namespace Coxswain.ApiServer.Authentication;

/// <summary>Names of users and groups that mean something to the server, and the users of its own modules.</summary>
public static class Users
{
    public const string AnonymousName = "system:anonymous";
    public const string AuthenticatedGroup = "system:authenticated";
    public const string UnauthenticatedGroup = "system:unauthenticated";
    public const string MastersGroup = "system:masters";
    public const string ServiceAccountPrefix = "system:serviceaccount:";
    public const string ServiceAccountsGroup = "system:serviceaccounts";
    public const string NodePrefix = "system:node:";
    public const string NodesGroup = "system:nodes";

    public static UserInfo Anonymous { get; } = new() { Username = AnonymousName, Groups = [UnauthenticatedGroup] };

    /// <summary>The server itself, where it reads or writes on nobody's behalf.</summary>
    public static UserInfo ApiServer { get; } = Component("system:apiserver", MastersGroup);

    /// <summary>A module of this process, acting as the component that RBAC knows by this user name.</summary>
    public static UserInfo Component(string name, params ReadOnlySpan<string> groups) => new() { Username = name, Groups = [.. groups, AuthenticatedGroup] };

    public static UserInfo Node(string name) => Component(NodePrefix + name, NodesGroup);

    /// <summary>The user of a service account, as its tokens would name it.</summary>
    public static UserInfo ServiceAccount(string @namespace, string name, string uid = "") => new()
    {
        Username = $"{ServiceAccountPrefix}{@namespace}:{name}",
        Uid = uid,
        Groups = [ServiceAccountsGroup, ServiceAccountsGroup + ":" + @namespace, AuthenticatedGroup],
    };

    public static bool IsIn(this UserInfo user, string group) => user.Groups.AsSpan().Contains(group);

    /// <summary>Namespace and name, if the user name is that of a service account.</summary>
    public static bool TryGetServiceAccount(string username, out string @namespace, out string name)
    {
        (@namespace, name) = ("", "");
        if (!username.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal))
            return false;
        var rest = username.AsSpan(ServiceAccountPrefix.Length);
        var colon = rest.IndexOf(':');
        if (colon <= 0 || colon == rest.Length - 1 || rest[(colon + 1)..].Contains(':'))
            return false;
        (@namespace, name) = (rest[..colon].ToString(), rest[(colon + 1)..].ToString());
        return true;
    }
}
