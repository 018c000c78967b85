using Coxswain.Api;

namespace Coxswain.ApiServer.Tables.Core;

/// <summary>Events, whose two versions name the same fields differently.</summary>
internal static class EventColumns
{
    public static TableColumns Core { get; } = Columns<Api.Core.V1.Event>(o => new(
        o.FirstTimestamp, o.LastTimestamp, o.EventTime, o.Series?.LastObservedTime, o.Series?.Count, o.Count, o.Type, o.Reason, o.InvolvedObject,
        o.Source.Component, o.Source.Host, o.ReportingComponent, o.ReportingInstance, o.Message));

    public static TableColumns Events { get; } = Columns<Api.Events.V1.Event>(o => new(
        o.DeprecatedFirstTimestamp, o.DeprecatedLastTimestamp, o.EventTime, o.Series?.LastObservedTime, o.Series?.Count, o.DeprecatedCount, o.Type, o.Reason,
        o.Regarding, o.DeprecatedSource.Component, o.DeprecatedSource.Host, o.ReportingController, o.ReportingInstance, o.Note));

    private static TableColumns Columns<T>(Func<T, Fields> fields) where T : class, IMetadataObject => TableColumns.For<T>()
        .Add("Last Seen", (o, now) => HumanDuration.Since(fields(o).LastSeen, now), description: "When it happened the last time.")
        .Add("Type", o => fields(o).Type)
        .Add("Reason", o => fields(o).Reason)
        .Add("Object", o => fields(o).Target, description: "What it happened to.")
        .Wide("Subobject", o => fields(o).Object.FieldPath)
        .Wide("Source", o => fields(o).Source)
        .Add("Message", o => fields(o).Message.Trim())
        .Wide("First Seen", (o, now) => HumanDuration.Since(fields(o).FirstSeen, now))
        .Wide("Count", o => fields(o).Times)
        .Add("Name", o => o.Metadata.Name, format: "name", priority: 1)
        .Build();

    private sealed record Fields(
        DateTimeOffset? First, DateTimeOffset? Last, DateTimeOffset? EventTime, DateTimeOffset? Observed, int? SeriesCount, int Count, string Type, string Reason,
        Api.Core.V1.ObjectReference Object, string Component, string Host, string Controller, string Instance, string Message)
    {
        public DateTimeOffset? FirstSeen => First ?? EventTime;

        public DateTimeOffset? LastSeen => SeriesCount is not null ? Observed : Last ?? FirstSeen;

        // A series counts what came after the first.
        public int Times => SeriesCount + 1 ?? (Count == 0 ? 1 : Count);

        public string Target => Object.Name.Length > 0 ? $"{Object.Kind.ToLowerInvariant()}/{Object.Name}" : Object.Kind.ToLowerInvariant();

        public string Source
        {
            get
            {
                var component = Component.Length > 0 ? Component : Controller;
                var host = Host.Length > 0 ? Host : Instance;
                return host.Length == 0 ? component : $"{component}, {host}";
            }
        }
    }
}
