using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of pod templates.</summary>
internal sealed class PodTemplateStrategy : Strategy<PodTemplate>
{
    public override bool HasGeneration => true;

    protected override PodTemplate Default(PodTemplate o) => o with { Template = PodDefaults.Template(o.Template) };

    protected override void ValidateObject(StrategyContext c, PodTemplate o, FieldErrors errors) =>
        PodTemplateValidation.Validate(o.Template, "template", errors);

    protected override void Warn(StrategyContext c, PodTemplate o, PodTemplate? old, ICollection<string> warnings)
    {
        if (o.Metadata.Generation != old?.Metadata.Generation)
            PodWarnings.Template(o.Template, "template", warnings);
    }
}
