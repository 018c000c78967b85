using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges references to configurations of kubelets. Nothing reads them any longer, but what old clients send is still judged.</summary>
internal static class NodeConfigValidation
{
    public static void Validate(Node node, FieldErrors errors)
    {
        if (node.Spec.ConfigSource is { } source)
            Source(source, observed: false, Paths.Spec.Child("configSource"), errors);
        if (node.Status.Config is not { } config)
            return;
        var path = Paths.Status.Child("config");
        if (config.Assigned is not null)
            Source(config.Assigned, observed: true, path.Child("assigned"), errors);
        if (config.Active is not null)
            Source(config.Active, observed: true, path.Child("active"), errors);
        if (config.LastKnownGood is not null)
            Source(config.LastKnownGood, observed: true, path.Child("lastKnownGood"), errors);
    }

    /// <param name="observed">In the status, the version of the map is named too; in the spec it may not be.</param>
    private static void Source(NodeConfigSource source, bool observed, FieldPath path, FieldErrors errors)
    {
        if (source.ConfigMap is not { } map)
        {
            errors.Invalid(path, source, "exactly one reference subfield must be non-nil");
            return;
        }

        path = path.Child("configMap");
        Version("uid", map.Uid);
        Version("resourceVersion", map.ResourceVersion);
        Named("namespace", map.Namespace, ValidationRules.Dns1123Label);
        Named("name", map.Name, ValidationRules.Dns1123Subdomain);
        Named("kubeletConfigKey", map.KubeletConfigKey, ValidationRules.ConfigMapKey);

        void Version(string field, string value)
        {
            if (observed && value.Length == 0)
                errors.Required(path.Child(field), $"{field} must be set in status");
            else if (!observed && value.Length > 0)
                errors.Forbidden(path.Child(field), $"{field} must not be set in spec");
        }

        void Named(string field, string value, Func<string, IReadOnlyList<string>> rule)
        {
            if (value.Length == 0)
                errors.Required(path.Child(field), $"{field} must be set");
            else
                errors.Invalid(path.Child(field), value, rule(value));
        }
    }
}
