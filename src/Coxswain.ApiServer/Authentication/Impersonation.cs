using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Authorization;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Authentication;

/// <summary>Acting as another: the Impersonate-* headers, each of which needs a permission of its own.</summary>
internal sealed class Impersonation(IAuthorizer authorizer)
{
    private const string UserHeader = "Impersonate-User";
    private const string GroupHeader = "Impersonate-Group";
    private const string UidHeader = "Impersonate-Uid";
    private const string ExtraPrefix = "Impersonate-Extra-";

    /// <summary>The user as whom the request goes on. The headers are taken off the request.</summary>
    /// <exception cref="ApiException">400: something is impersonated but no user. 403: not allowed.</exception>
    public async ValueTask<UserInfo> ApplyAsync(HttpRequest request, UserInfo requester, CancellationToken cancellation)
    {
        if (!IsAsked(request.Headers))
            return requester;

        var user = request.Headers[UserHeader].ToString();
        var groups = Values(request.Headers, GroupHeader);
        var uid = request.Headers[UidHeader].ToString();
        var extra = Extra(request.Headers);
        if (user.Length == 0)
        {
            if (groups.Count == 0 && uid.Length == 0 && extra.Count == 0)
                return Cleared(request, requester);
            throw new ApiException(Statuses.BadRequest("requested impersonation of groups, a uid or extra fields without impersonating a user"));
        }

        if (Users.TryGetServiceAccount(user, out var @namespace, out var account))
        {
            await CheckAsync(requester, "", "serviceaccounts", "", account, @namespace, cancellation);
            if (groups.Count == 0)
                groups = [Users.ServiceAccountsGroup, Users.ServiceAccountsGroup + ":" + @namespace];
            else
                await CheckGroupsAsync(requester, groups, cancellation);
        }
        else
        {
            await CheckAsync(requester, "", "users", "", user, "", cancellation);
            await CheckGroupsAsync(requester, groups, cancellation);
        }

        if (uid.Length > 0)
            await CheckAsync(requester, "authentication.k8s.io", "uids", "", uid, "", cancellation);
        foreach (var (key, values) in extra)
            foreach (var value in values)
                await CheckAsync(requester, "authentication.k8s.io", "userextras", key, value, "", cancellation);

        var implied = user == Users.AnonymousName ? Users.UnauthenticatedGroup : Users.AuthenticatedGroup;
        if (!groups.Contains(Users.AuthenticatedGroup) && !groups.Contains(Users.UnauthenticatedGroup))
            groups.Add(implied);
        return Cleared(request, new()
        {
            Username = user,
            Uid = uid,
            Groups = [.. groups],
            Extra = extra.ToDictionary(e => e.Key, e => e.Value.ToApiList()).ToApiMap(),
        });
    }

    private async ValueTask CheckGroupsAsync(UserInfo requester, List<string> groups, CancellationToken cancellation)
    {
        foreach (var group in groups)
            await CheckAsync(requester, "", "groups", "", group, "", cancellation);
    }

    private async ValueTask CheckAsync(
        UserInfo requester, string group, string resource, string subresource, string name, string @namespace, CancellationToken cancellation)
    {
        var attributes = new AuthorizationAttributes
        {
            User = requester,
            Verb = "impersonate",
            IsResourceRequest = true,
            ApiGroup = group,
            ApiVersion = "v1",
            Resource = resource,
            Subresource = subresource,
            Name = name,
            Namespace = @namespace,
        };
        var result = await authorizer.AuthorizeAsync(attributes, cancellation);
        if (result.Decision != AuthorizationDecision.Allow)
            throw ForbiddenMessage.Exception(attributes, result.Reason);
    }

    private static bool IsAsked(IHeaderDictionary headers)
    {
        foreach (var header in headers)
            if (header.Key.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }

    private static List<string> Values(IHeaderDictionary headers, string name)
    {
        var values = new List<string>();
        foreach (var value in headers[name])
            if (!string.IsNullOrEmpty(value))
                values.Add(value);
        return values;
    }

    private static Dictionary<string, List<string>> Extra(IHeaderDictionary headers)
    {
        var extra = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var header in headers)
        {
            if (!header.Key.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase))
                continue;
            var key = Uri.UnescapeDataString(header.Key[ExtraPrefix.Length..].ToLowerInvariant());
            extra[key] = [.. header.Value.Select(v => v ?? "")];
        }

        return extra;
    }

    private static UserInfo Cleared(HttpRequest request, UserInfo user)
    {
        foreach (var key in request.Headers.Keys.Where(k => k.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase)).ToList())
            request.Headers.Remove(key);
        return user;
    }
}
