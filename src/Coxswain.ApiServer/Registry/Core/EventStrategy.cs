using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of events, of both groups: those of events.k8s.io are stricter.</summary>
internal sealed class EventStrategy : Strategy<Event>
{
    private const int MaxTextLength = 128;
    private const int MaxMessageLength = 1024;

    public override bool AllowCreateOnUpdate => true;

    public override IReadOnlyList<string> SelectableFields { get; } =
    [
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
        "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ];

    protected override void Validate(StrategyContext c, Event o, FieldErrors errors)
    {
        Common(c, o, errors);
        if (!IsStrict(c))
            return;
        ValidateMetadata(o, errors);
        Series(o, errors);
        if (o.EventTime is null)
            errors.Required("eventTime");
        if (o.Type is not ("Normal" or "Warning"))
            errors.Invalid("type", "", $"has invalid value: {o.Type}");
        if (o.FirstTimestamp is not null)
            errors.Invalid("firstTimestamp", "", "needs to be unset");
        if (o.LastTimestamp is not null)
            errors.Invalid("lastTimestamp", "", "needs to be unset");
        if (o.Count != 0)
            errors.Invalid("count", "", "needs to be unset");
        if (o.Source.Component.Length > 0 || o.Source.Host.Length > 0)
            errors.Invalid("source", "", "needs to be unset");
    }

    protected override void ValidateUpdate(StrategyContext c, Event updated, Event old, FieldErrors errors)
    {
        Common(c, updated, errors);
        if (!IsStrict(c))
            return;
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.Series != old.Series)
            Series(updated, errors);
        Unchanged(updated, old, errors);
    }

    /// <summary>Only the series of an event goes on.</summary>
    private static void Unchanged(Event updated, Event old, FieldErrors errors)
    {
        CommonRules.Unchanged(updated.InvolvedObject, old.InvolvedObject, "involvedObject", errors);
        CommonRules.Unchanged(updated.Reason, old.Reason, "reason", errors);
        CommonRules.Unchanged(updated.Message, old.Message, "message", errors);
        CommonRules.Unchanged(updated.Source, old.Source, "source", errors);
        CommonRules.Unchanged(updated.FirstTimestamp, old.FirstTimestamp, "firstTimestamp", errors);
        CommonRules.Unchanged(updated.LastTimestamp, old.LastTimestamp, "lastTimestamp", errors);
        CommonRules.Unchanged(updated.Count, old.Count, "count", errors);
        // Twice, as upstream does.
        CommonRules.Unchanged(updated.Reason, old.Reason, "reason", errors);
        CommonRules.Unchanged(updated.Type, old.Type, "type", errors);
        CommonRules.Unchanged(updated.EventTime, old.EventTime, "eventTime", errors);
        CommonRules.Unchanged(updated.Action, old.Action, "action", errors);
        CommonRules.Unchanged(updated.Related, old.Related, "related", errors);
        CommonRules.Unchanged(updated.ReportingComponent, old.ReportingComponent, "reportingController", errors);
        CommonRules.Unchanged(updated.ReportingInstance, old.ReportingInstance, "reportingInstance", errors);
    }

    protected override string? SelectableField(Event o, string field) => field switch
    {
        "involvedObject.kind" => o.InvolvedObject.Kind,
        "involvedObject.namespace" => o.InvolvedObject.Namespace,
        "involvedObject.name" => o.InvolvedObject.Name,
        "involvedObject.uid" => o.InvolvedObject.Uid,
        "involvedObject.apiVersion" => o.InvolvedObject.ApiVersion,
        "involvedObject.resourceVersion" => o.InvolvedObject.ResourceVersion,
        "involvedObject.fieldPath" => o.InvolvedObject.FieldPath,
        "reason" => o.Reason,
        "reportingComponent" => o.ReportingComponent,
        "source" => o.Source.Component.Length > 0 ? o.Source.Component : o.ReportingComponent,
        "type" => o.Type,
        _ => null,
    };

    private static bool IsStrict(StrategyContext c) => c.Descriptor.Kind.Group == "events.k8s.io";

    private static void Common(StrategyContext c, Event o, FieldErrors errors)
    {
        var (own, other) = (o.Metadata.Namespace, o.InvolvedObject.Namespace);
        // Objects without a namespace have their events in "default".
        var matches = o.EventTime is null
            ? (other.Length == 0 ? own is "" or "default" : own == other)
            : other.Length > 0 || own is "default" or "kube-system";
        if (!matches)
            errors.Invalid(new FieldPath("involvedObject").Child("namespace"), other, "does not match event.namespace");
        if (o.EventTime is not null)
        {
            FieldPath controller = IsStrict(c) ? "reportingController" : "reportingComponent";
            if (o.ReportingComponent.Length == 0)
                errors.Required(controller);
            errors.Invalid(controller, o.ReportingComponent, ValidationRules.QualifiedName(o.ReportingComponent));
            Text("reportingInstance", o.ReportingInstance, errors);
            Text("action", o.Action, errors);
            Text("reason", o.Reason, errors);
            if (o.Message.Length > MaxMessageLength)
                errors.Invalid("message", "", $"can have at most {MaxMessageLength} characters");
        }

        errors.Invalid("namespace", own, ValidationRules.Dns1123Subdomain(own));
    }

    private static void Text(string field, string value, FieldErrors errors)
    {
        if (value.Length == 0)
            errors.Required(field);
        if (value.Length > MaxTextLength)
            errors.Invalid(field, "", $"can have at most {MaxTextLength} characters");
    }

    private static void Series(Event o, FieldErrors errors)
    {
        if (o.Series is null)
            return;
        if (o.Series.Count < 2)
            errors.Invalid("series.count", "", "should be at least 2");
        if (o.Series.LastObservedTime is null)
            errors.Required("series.lastObservedTime");
    }
}
