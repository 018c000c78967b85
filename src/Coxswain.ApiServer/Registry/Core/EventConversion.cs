using Coxswain.Api;
using StoredEvent = Coxswain.Api.Core.V1.Event;
using StoredSeries = Coxswain.Api.Core.V1.EventSeries;
using ServedEvent = Coxswain.Api.Events.V1.Event;
using ServedSeries = Coxswain.Api.Events.V1.EventSeries;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Events of events.k8s.io are events of the core group by other names.</summary>
internal sealed class EventConversion : IConversion
{
    public ResourceDescriptor Storage => StoredEvent.Descriptor;

    public IMetadataObject ToStorage(IMetadataObject o)
    {
        var e = (ServedEvent)o;
        return new StoredEvent
        {
            Metadata = e.Metadata,
            EventTime = e.EventTime,
            Series = e.Series is null ? null : new StoredSeries { Count = e.Series.Count, LastObservedTime = e.Series.LastObservedTime },
            ReportingComponent = e.ReportingController,
            ReportingInstance = e.ReportingInstance,
            Action = e.Action,
            Reason = e.Reason,
            InvolvedObject = e.Regarding,
            Related = e.Related,
            Message = e.Note,
            Type = e.Type,
            Source = e.DeprecatedSource,
            FirstTimestamp = e.DeprecatedFirstTimestamp,
            LastTimestamp = e.DeprecatedLastTimestamp,
            Count = e.DeprecatedCount,
        };
    }

    public IMetadataObject FromStorage(IMetadataObject o)
    {
        var e = (StoredEvent)o;
        return new ServedEvent
        {
            Metadata = e.Metadata,
            EventTime = e.EventTime,
            Series = e.Series is null ? null : new ServedSeries { Count = e.Series.Count, LastObservedTime = e.Series.LastObservedTime },
            ReportingController = e.ReportingComponent,
            ReportingInstance = e.ReportingInstance,
            Action = e.Action,
            Reason = e.Reason,
            Regarding = e.InvolvedObject,
            Related = e.Related,
            Note = e.Message,
            Type = e.Type,
            DeprecatedSource = e.Source,
            DeprecatedFirstTimestamp = e.FirstTimestamp,
            DeprecatedLastTimestamp = e.LastTimestamp,
            DeprecatedCount = e.Count,
        };
    }
}
