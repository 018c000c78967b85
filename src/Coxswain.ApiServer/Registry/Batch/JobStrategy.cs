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
    private const string NameLabel = "batch.kubernetes.io/job-name";

    public override bool HasGeneration => true;

    public override IReadOnlyList<string> SelectableFields { get; } = ["status.successful"];

    protected override Job WithStatusOf(Job o, Job source) => o with { Status = source.Status };

    protected override Job Default(Job o) => JobDefaults.Apply(o);

    protected override Job PrepareForCreate(StrategyContext c, Job o) => GenerateSelector(WithGeneration(o with { Status = JobStatus.Empty }, 1));

    protected override void ValidateObject(StrategyContext c, Job o, FieldErrors errors) => Validate(o, prefixedLabels: true, errors);

    private static void Validate(Job o, bool prefixedLabels, FieldErrors errors)
    {
        GeneratedSelector(o, prefixedLabels, errors);
        JobValidation.Spec(o.Spec, Paths.Spec, errors);
        // The last pod's host name is the longest.
        if (o.Spec is not { CompletionMode: "Indexed", Completions: > 0 and var completions })
            return;
        var hostname = $"{o.Metadata.Name}-{completions - 1}";
        if (ValidationRules.Dns1123Label(hostname).Count > 0)
            errors.Invalid(Paths.Metadata.Child("name"), o.Metadata.Name, $"will not able to create pod with invalid DNS label: {hostname}");
    }

    protected override void ValidateUpdate(StrategyContext c, Job updated, Job old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        // Jobs from before v1.27 have the old labels only.
        var labels = old.Spec.Template.Metadata.Labels;
        Validate(updated, labels.ContainsKey(UidLabel) && labels.ContainsKey(NameLabel), errors);
        ValidateMetadataUpdate(updated, old, errors);
        JobValidation.SpecUpdate(updated.Spec, old, errors);
    }

    protected override void ValidateStatus(StrategyContext c, Job updated, Job old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        JobStatusValidation.Validate(updated, old, errors);
    }

    protected override void Warn(StrategyContext c, Job o, Job? old, ICollection<string> warnings)
    {
        if (old is null)
            NameWarnings.Workload(o.Metadata.Name, warnings);
        if (o.Metadata.Generation != old?.Metadata.Generation)
            JobWarnings.Spec(o.Spec, Paths.Spec, warnings);
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
        // What the client has set stays, and is refused if it differs.
        foreach (var (name, value) in Generated(o, prefixedLabels: true))
            if (!labels.ContainsKey(name))
                labels = labels.With(name, value);
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

    private static void GeneratedSelector(Job o, bool prefixedLabels, FieldErrors errors)
    {
        if (o.Spec.ManualSelector == true || o.Spec.Selector is not { } selector)
            return;
        if (o.Metadata.Uid.Length == 0)
            errors.Required(Paths.Metadata.Child("uid"));
        var path = Paths.Spec.Child("template").Child("metadata").Child("labels");
        foreach (var (name, wanted) in Generated(o, prefixedLabels))
            if (!o.Spec.Template.Metadata.Labels.TryGetValue(name, out var found))
                errors.Required(path.Key(name), $"must be '{wanted}'");
            else if (found != wanted)
                errors.Invalid(path.Key(name), o.Spec.Template.Metadata.Labels, $"must be '{wanted}'");
        if (!Apps.WorkloadRules.Matches(selector, Generated(o, prefixedLabels)))
            errors.Invalid(Paths.Spec.Child("selector"), selector, "`selector` not auto-generated");
    }

    private static ApiMap<string> Generated(Job o, bool prefixedLabels)
    {
        var labels = prefixedLabels ? ApiMap.Of(UidLabel, o.Metadata.Uid).With(NameLabel, o.Metadata.Name) : default;
        return labels.With("controller-uid", o.Metadata.Uid).With("job-name", o.Metadata.Name);
    }
}
