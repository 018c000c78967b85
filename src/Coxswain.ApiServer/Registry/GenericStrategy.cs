using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Kinds without rules of their own: metadata is judged, everything else is taken as it comes.</summary>
internal sealed class GenericStrategy : Strategy
{
    public static GenericStrategy Instance { get; } = new();

    public override void Validate(StrategyContext c, IMetadataObject o, FieldErrors errors) =>
        ObjectMetaValidation.Validate(o.Metadata, c.Descriptor.Namespaced, c.Descriptor.Kind.Group is "rbac.authorization.k8s.io" or "apiregistration.k8s.io" ? NameRules.PathSegment : NameRules.DnsSubdomain, Paths.Metadata, errors);

    public override void ValidateUpdate(StrategyContext c, IMetadataObject updated, IMetadataObject old, FieldErrors errors)
    {
    }

    public override Strategy? Subresource(string name) => this;
}
