using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Http;

namespace Coxswain.ApiServer.Verbs;

/// <summary>One request as data, whichever door it came through. Authenticated, but not yet authorized.</summary>
internal sealed class ApiRequest
{
    public required RequestInfo Info { get; init; }

    public required UserInfo User { get; init; }

    public QueryParameters Query { get; init; } = QueryParameters.Empty;

    /// <summary>The body as it came; empty for in-process callers that hand over an <see cref="Object"/>.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    public string ContentType { get; init; } = "";

    public string UserAgent { get; init; } = "";

    /// <summary>What an in-process caller hands over instead of a body.</summary>
    public IKubernetesObject? Object { get; init; }

    /// <summary>The one time that everything this request writes carries, in whole seconds.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>For the client's Warning headers, in order.</summary>
    public List<string> Warnings { get; private init; } = [];

    /// <summary>The same request, now that its body has been read.</summary>
    public ApiRequest WithBody(ReadOnlyMemory<byte> body) => new()
    {
        Info = Info,
        User = User,
        Query = Query,
        Body = body,
        ContentType = ContentType,
        UserAgent = UserAgent,
        Now = Now,
        Warnings = Warnings,
    };

    public string Verb => Info.Verb;

    public string Namespace => Info.Namespace;

    public string Name => Info.Name;

    public AuthorizationAttributes Attributes => field ??= AuthorizationAttributes.Of(User, Info);
}
