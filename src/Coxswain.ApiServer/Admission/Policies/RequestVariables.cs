using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Admission.V1;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Admission.Webhooks;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Expressions;
using Coxswain.ApiServer.Registry;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>What expressions see of one request. Values are made when first asked for. Not safe for concurrent use.</summary>
internal sealed class RequestVariables(
    AdmissionContext context, ResourceDescriptor form, IKubernetesObject? o, Namespace? @namespace, IResourceForms forms, IAuthorizer authorizer)
{
    private readonly Dictionary<string, CelValue> known = new(StringComparer.Ordinal);

    public CelValue Get(string name)
    {
        if (!known.TryGetValue(name, out var value))
            known[name] = value = Make(name);
        return value;
    }

    private CelValue Make(string name) => name switch
    {
        "object" => Value(AdmittedForm.Shown(o, context, form, forms), CelType.Dyn),
        "oldObject" => Value(AdmittedForm.Shown(context.OldObject, context, form, forms), CelType.Dyn),
        "request" => CelJson.ToValue(
            JsonElement.Parse(AdmissionReview.Codec.ToJson(new AdmissionReview { Request = AdmissionReviews.RequestOf(context, form) })).GetProperty("request"),
            AdmissionEnvironment.Request),
        "namespaceObject" => @namespace is null ? CelValue.Null : Value(AdmittedForm.Encode(@namespace, Namespace.Descriptor), AdmissionEnvironment.Namespace),
        "authorizer" => AuthorizerLibrary.Of(authorizer, context.User),
        "authorizer.requestResource" => AuthorizerLibrary.Of(authorizer, new AuthorizationAttributes
        {
            User = context.User,
            Verb = "",
            IsResourceRequest = true,
            ApiGroup = context.Resource.Group,
            ApiVersion = context.Resource.Version,
            Resource = context.Resource.Resource,
            Subresource = context.Subresource,
            Namespace = context.Namespace,
            Name = context.Name,
        }),
        _ => CelValue.Error($"no such attribute(s): {name}"),
    };

    /// <summary>A document as a value; none is null.</summary>
    public static CelValue Value(RawJson json, CelType type) =>
        json.IsAbsent ? CelValue.Null : CelJson.ToValue(JsonElement.Parse(json.Utf8), type);
}
