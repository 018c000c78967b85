using System.Globalization;
using Coxswain.Api.Core.V1;

namespace Coxswain.Client;

/// <param name="Event">What to create.</param>
/// <param name="Patch">How to raise the count of the event of that name instead, if there is one.</param>
internal sealed record CorrelatedEvent(Event Event, Patch? Patch, string Key);

/// <summary>Upstream's three rules against floods: many different messages of one sort are folded into one event, an object's source has a
/// budget, and a repeat raises a count.</summary>
/// <remarks>Used by one thread. Remembers a bounded number of keys, the least recently seen are forgotten.</remarks>
internal sealed class EventCorrelator(TimeProvider clock)
{
    private const int Capacity = 4096;
    private const int FoldAfter = 10;
    private const int Burst = 25;
    private static readonly TimeSpan FoldWithin = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RefillEvery = TimeSpan.FromMinutes(5);

    private readonly RecentKeys<Similar> _similar = new(Capacity);
    private readonly RecentKeys<Budget> _budgets = new(Capacity);
    private readonly RecentKeys<Observed> _observed = new(Capacity);

    /// <summary>What to write for an event; null: nothing, there are too many.</summary>
    public CorrelatedEvent? Correlate(Event made)
    {
        var now = clock.GetUtcNow();
        var (folded, key) = Fold(made, now);
        var observed = _observed.Get(key);
        var result = observed is null
            ? new CorrelatedEvent(folded, null, key)
            : Repeat(folded, observed, key);
        _observed.Put(key, new(result.Event.Count, result.Event.FirstTimestamp, result.Event.Metadata.Name));
        return Spend(made, now) ? result : null;
    }

    /// <summary>Takes note of what the server made of it.</summary>
    public void Written(CorrelatedEvent correlated, Event written) =>
        _observed.Put(correlated.Key, new(written.Count, written.FirstTimestamp, written.Metadata.Name));

    private (Event Event, string Key) Fold(Event made, DateTimeOffset now)
    {
        var sort = string.Join('\n', made.Source.Component, made.Source.Host, made.InvolvedObject.Kind, made.InvolvedObject.Namespace,
            made.InvolvedObject.Name, made.InvolvedObject.Uid, made.InvolvedObject.ApiVersion, made.Type, made.Reason,
            made.ReportingComponent, made.ReportingInstance);
        var similar = _similar.Get(sort);
        if (similar is null || now - similar.Last > FoldWithin)
            similar = new();
        similar.Last = now;
        similar.Messages.Add(made.Message);
        _similar.Put(sort, similar);
        if (similar.Messages.Count < FoldAfter)
            return (made, sort + '\n' + made.InvolvedObject.FieldPath + '\n' + made.Message);
        // One message of the set is let go, so that it does not grow.
        similar.Messages.Remove(similar.Messages.First());
        return (made with { Message = "(combined from similar events): " + made.Message }, sort);
    }

    private static CorrelatedEvent Repeat(Event made, Observed before, string key)
    {
        var repeated = made with
        {
            Count = before.Count + 1,
            FirstTimestamp = before.First,
            Metadata = made.Metadata with { Name = before.Name },
        };
        var patch = new System.Text.Json.Nodes.JsonObject
        {
            ["count"] = repeated.Count,
            ["lastTimestamp"] = repeated.LastTimestamp?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["message"] = repeated.Message,
        };
        return new(repeated, Patch.StrategicMerge(patch.ToJsonString()), key);
    }

    private bool Spend(Event made, DateTimeOffset now)
    {
        var key = string.Join('\n', made.Source.Component, made.Source.Host, made.InvolvedObject.Kind, made.InvolvedObject.Namespace,
            made.InvolvedObject.Name, made.InvolvedObject.Uid, made.InvolvedObject.ApiVersion);
        var budget = _budgets.Get(key) ?? new Budget { Left = Burst, Since = now };
        _budgets.Put(key, budget);
        budget.Left = Math.Min(Burst, budget.Left + (now - budget.Since) / RefillEvery);
        budget.Since = now;
        if (budget.Left < 1)
            return false;
        budget.Left--;
        return true;
    }

    private sealed class Similar
    {
        public DateTimeOffset Last { get; set; }
        public HashSet<string> Messages { get; } = new(StringComparer.Ordinal);
    }

    private sealed class Budget
    {
        public double Left { get; set; }
        public DateTimeOffset Since { get; set; }
    }

    private sealed record Observed(int Count, DateTimeOffset? First, string Name);
}
