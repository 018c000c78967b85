using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Authorization.Reviews;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Subresources;
using Coxswain.Security;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Subresources and create-only resources with a handler of their own: one line each.</summary>
internal static class SpecialVerbs
{
    public sealed record Parts(
        RegistryTable Registries,
        AdmissionChain Admission,
        ObjectCreator Creator,
        ObjectUpdater Updater,
        ObjectDeleter Deleter,
        IAuthorizer Authorizer,
        RequestAuthenticator Authenticator,
        ServiceAccountTokens Tokens,
        ApiServerOptions Options);

    public static IReadOnlyDictionary<string, IVerbHandler> Create(Parts parts) => new Dictionary<string, IVerbHandler>(StringComparer.Ordinal)
    {
        ["*/scale"] = new ScaleHandler(parts.Updater),
        ["pods/binding"] = new BindingHandler(parts.Registries, parts.Admission),
        ["bindings"] = new BindingHandler(parts.Registries, parts.Admission),
        ["pods/eviction"] = new EvictionHandler(parts.Registries, parts.Admission, parts.Deleter),
        ["serviceaccounts/token"] = new TokenHandler(parts.Registries, parts.Admission, parts.Tokens, parts.Options),
        ["subjectaccessreviews"] = new AccessReviewHandler(parts.Authorizer, parts.Admission),
        ["selfsubjectaccessreviews"] = new AccessReviewHandler(parts.Authorizer, parts.Admission),
        ["localsubjectaccessreviews"] = new AccessReviewHandler(parts.Authorizer, parts.Admission),
        ["selfsubjectrulesreviews"] = new RulesReviewHandler(parts.Authorizer),
        ["selfsubjectreviews"] = new SelfReviewHandler(),
        ["tokenreviews"] = new TokenReviewHandler(parts.Authenticator, parts.Options),
        ["componentstatuses"] = new ComponentStatusHandler(parts.Registries),
    };
}
