using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>The rules of jobs.</summary>
internal sealed class JobStrategy : Strategy<Job>
{
    private const string UidLabel = "batch.kubernetes.io/controller-uid";

    public override bool HasGeneration => true;

    public override IReadOnlyList<string> SelectableFields { get; } = ["status.successful"];

    protected override Job WithStatusOf(Job o, Job source) => o with { Status = source.Status };

    protected override Job Default(Job o) => JobDefaults.Apply(o);

    protected override Job PrepareForCreate(StrategyContext c, Job o) => GenerateSelector(WithGeneration(o with { Status = JobStatus.Empty }, 1));

    protected override void ValidateObject(StrategyContext c, Job o, FieldErrors errors)
    {
        GeneratedSelector(o, errors);
        JobValidation.Spec(o.Spec, Paths.Spec, errors);
    }

    protected override void ValidateUpdate(StrategyContext c, Job updated, Job old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        JobValidation.SpecUpdate(updated.Spec, old, errors);
    }

    protected override void ValidateStatus(StrategyContext c, Job updated, Job old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        var (s, path) = (updated.Status, Paths.Status);
        CommonRules.NonNegative(s.Active, path.Child("active"), errors);
        CommonRules.NonNegative(s.Succeeded, path.Child("succeeded"), errors);
        CommonRules.NonNegative(s.Failed, path.Child("failed"), errors);
        if (s.Ready is { } ready)
            CommonRules.NonNegative(ready, path.Child("ready"), errors);
        if (s.Terminating is { } terminating)
            CommonRules.NonNegative(terminating, path.Child("terminating"), errors);
    }

    protected override string? SelectableField(Job o, string field) =>
        field == "status.successful" ? o.Status.Succeeded.ToString(CultureInfo.InvariantCulture) : null;

    /// <summary>Unless the client selects by hand, a job selects by its uid, with which its pods are labelled.</summary>
    private static Job GenerateSelector(Job o)
    {
        if (o.Spec.ManualSelector == true)
            return o;
        var template = o.Spec.Template;
        var labels = template.Metadata.Labels;
        foreach (var name in new[] { "job-name", "batch.kubernetes.io/job-name" })
            if (!labels.ContainsKey(name))
                labels = labels.With(name, o.Metadata.Name);
        labels = labels.With("controller-uid", o.Metadata.Uid).With(UidLabel, o.Metadata.Uid);
        var selector = o.Spec.Selector ?? LabelSelector.Empty;
        if (!selector.MatchLabels.ContainsKey(UidLabel))
            selector = selector with { MatchLabels = selector.MatchLabels.With(UidLabel, o.Metadata.Uid) };
        // The job itself carries the labels by which clients have always found it.
        var own = o.Metadata.Labels.Count > 0
            ? o.Metadata.Labels
            : o.Metadata.Labels.With("controller-uid", o.Metadata.Uid).With("job-name", o.Metadata.Name);
        return o with
        {
            Metadata = o.Metadata with { Labels = own },
            Spec = o.Spec with { Selector = selector, Template = template with { Metadata = template.Metadata with { Labels = labels } } },
        };
    }

    private static void GeneratedSelector(Job o, FieldErrors errors)
    {
        if (o.Spec.ManualSelector == true || o.Spec.Selector is not { } selector)
            return;
        if (o.Metadata.Uid.Length == 0)
            errors.Required(Paths.Metadata.Child("uid"));
        var path = Paths.Spec.Child("template").Child("metadata").Child("labels");
        foreach (var (name, wanted) in new[] { ("controller-uid", o.Metadata.Uid), ("job-name", o.Metadata.Name) })
            if (!o.Spec.Template.Metadata.Labels.TryGetValue(name, out var found))
                errors.Required(path.Key(name), $"must be '{wanted}'");
            else if (found != wanted)
                errors.Invalid(path.Key(name), o.Spec.Template.Metadata.Labels, $"must be '{wanted}'");
        ApiMap<string> generated = [new("controller-uid", o.Metadata.Uid), new(UidLabel, o.Metadata.Uid), new("job-name", o.Metadata.Name)];
        if (!Apps.WorkloadRules.Matches(selector, generated))
            errors.Invalid(Paths.Spec.Child("selector"), selector, "`selector` not auto-generated");
    }
}
