namespace Coxswain.Scheduler;

/// <summary>Why no node would do, node by node, in upstream's words.</summary>
public sealed class Diagnosis(int nodes)
{
    private readonly List<(NodeInfo Node, Rejection Why)> _rejected = [];

    public int Nodes { get; } = nodes;

    /// <summary>Nodes that were looked at and ruled out.</summary>
    public IReadOnlyList<(NodeInfo Node, Rejection Why)> Rejected => _rejected;

    /// <summary>The plug-ins that ruled out nodes: what could help depends on them.</summary>
    public HashSet<string> Plugins { get; } = new(StringComparer.Ordinal);

    /// <summary>Why there was nothing to look at; empty: nodes were looked at.</summary>
    public string NoLook { get; set; } = "";

    /// <summary>What is to be said of nodes that were not looked at; empty: nothing.</summary>
    public string Absent { get; set; } = "";

    /// <summary>What came of asking others to leave.</summary>
    public string Preemption { get; set; } = "";

    public void Add(NodeInfo node, Rejection why) => _rejected.Add((node, why));

    /// <summary>"0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable."</summary>
    public string Message
    {
        get
        {
            if (Nodes == 0)
                return "no nodes available to schedule pods";
            var message = $"0/{Nodes} nodes are available:";
            if (NoLook.Length > 0)
            {
                message += $" {NoLook}.";
            }
            else
            {
                var reasons = new Dictionary<string, int>(StringComparer.Ordinal);
                foreach (var (_, why) in _rejected)
                {
                    foreach (var reason in why.Reasons)
                        reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
                }

                if (Absent.Length > 0 && Nodes > _rejected.Count)
                    reasons[Absent] = reasons.GetValueOrDefault(Absent) + Nodes - _rejected.Count;
                if (reasons.Count > 0)
                    message += $" {string.Join(", ", reasons.Select(r => $"{r.Value} {r.Key}").Order(StringComparer.Ordinal))}.";
            }

            return Preemption.Length > 0 ? $"{message} {Preemption}" : message;
        }
    }
}
