using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of service accounts.</summary>
internal sealed class ServiceAccountStrategy : Strategy<ServiceAccount>
{
    private const string EnforceMountable = "kubernetes.io/enforce-mountable-secrets";

    protected override ServiceAccount PrepareForCreate(StrategyContext c, ServiceAccount o) => Named(o);

    protected override ServiceAccount PrepareForUpdate(StrategyContext c, ServiceAccount updated, ServiceAccount old) => Named(updated);

    protected override void Warn(StrategyContext c, ServiceAccount o, ServiceAccount? old, ICollection<string> warnings)
    {
        if (o.Metadata.Annotations.ContainsKey(EnforceMountable) && old?.Metadata.Annotations.ContainsKey(EnforceMountable) != true)
            warnings.Add($"{Paths.Metadata.Child("annotations").Key(EnforceMountable)}: deprecated in v1.32+; "
                + "prefer separate namespaces to isolate access to mounted secrets");
    }

    /// <summary>Of references to secrets only the name counts.</summary>
    private static ServiceAccount Named(ServiceAccount o)
    {
        var secrets = o.Secrets;
        for (var i = 0; i < secrets.Count; i++)
            if (secrets[i] != new ObjectReference { Name = secrets[i].Name })
                secrets = secrets.SetItem(i, new ObjectReference { Name = secrets[i].Name });
        return o with { Secrets = secrets };
    }

    protected override void ValidateUpdate(StrategyContext c, ServiceAccount updated, ServiceAccount old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ValidateMetadata(updated, errors);
    }
}
