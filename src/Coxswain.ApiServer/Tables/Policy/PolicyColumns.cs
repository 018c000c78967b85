using Coxswain.Api.Certificates.V1;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.FlowControl.V1;
using Coxswain.Api.Node.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Api.Resource.V1;
using Coxswain.Api.Scheduling.V1;

namespace Coxswain.ApiServer.Tables.Policy;

/// <summary>The kinds of the small groups.</summary>
internal static class PolicyColumns
{
    public static TableColumns CertificateSigningRequests { get; } = TableColumns.For<CertificateSigningRequest>()
        .Name()
        .Age()
        .Add("SignerName", o => o.Spec.SignerName)
        .Add("Requestor", o => o.Spec.Username)
        .Add("RequestedDuration", o => o.Spec.ExpirationSeconds is { } seconds ? HumanDuration.Format(TimeSpan.FromSeconds(seconds)) : TableText.None)
        .Add("Condition", Condition)
        .Build();

    public static TableColumns Leases { get; } = TableColumns.For<Lease>()
        .Name()
        .Add("Holder", o => o.Spec.HolderIdentity ?? "")
        .Age()
        .Build();

    public static TableColumns FlowSchemas { get; } = TableColumns.For<FlowSchema>()
        .Name()
        .Add("PriorityLevel", o => o.Spec.PriorityLevelConfiguration.Name)
        .Integer("MatchingPrecedence", o => o.Spec.MatchingPrecedence)
        .Add("DistinguisherMethod", o => o.Spec.DistinguisherMethod?.Type ?? TableText.None)
        .Age()
        .Add("MissingPL", o => o.Status.Conditions.FirstOrDefault(condition => condition.Type == "Dangling")?.Status ?? "?")
        .Build();

    public static TableColumns PriorityLevels { get; } = TableColumns.For<PriorityLevelConfiguration>()
        .Name()
        .Add("Type", o => o.Spec.Type)
        .Integer("NominalConcurrencyShares", o => Number(o.Spec.Limited?.NominalConcurrencyShares ?? o.Spec.Exempt?.NominalConcurrencyShares))
        .Integer("Queues", o => Number(o.Spec.Limited?.LimitResponse.Queuing?.Queues))
        .Integer("HandSize", o => Number(o.Spec.Limited?.LimitResponse.Queuing?.HandSize))
        .Integer("QueueLengthLimit", o => Number(o.Spec.Limited?.LimitResponse.Queuing?.QueueLengthLimit))
        .Age()
        .Build();

    public static TableColumns RuntimeClasses { get; } = TableColumns.For<RuntimeClass>()
        .Name()
        .Add("Handler", o => o.Handler)
        .Age()
        .Build();

    public static TableColumns PodDisruptionBudgets { get; } = TableColumns.For<PodDisruptionBudget>()
        .Name()
        .Add("Min Available", o => o.Spec.MinAvailable?.ToString() ?? "N/A")
        .Add("Max Unavailable", o => o.Spec.MaxUnavailable?.ToString() ?? "N/A")
        .Integer("Allowed Disruptions", o => o.Status.DisruptionsAllowed)
        .Age()
        .Build();

    public static TableColumns PriorityClasses { get; } = TableColumns.For<PriorityClass>()
        .Name()
        .Integer("Value", o => o.Value)
        .Boolean("Global-Default", o => o.GlobalDefault)
        .Age()
        .Add("PreemptionPolicy", o => o.PreemptionPolicy ?? "")
        .Build();

    public static TableColumns DeviceClasses { get; } = TableColumns.For<DeviceClass>().Name().Age().Build();

    public static TableColumns ResourceClaims { get; } = TableColumns.For<ResourceClaim>().Name().Add("State", State).Age().Build();

    public static TableColumns ResourceClaimTemplates { get; } = TableColumns.For<ResourceClaimTemplate>().Name().Age().Build();

    public static TableColumns ResourceSlices { get; } = TableColumns.For<ResourceSlice>()
        .Name()
        .Add("Node", o => o.Spec.NodeName ?? TableText.Unset)
        .Add("Driver", o => o.Spec.Driver)
        .Add("Pool", o => o.Spec.Pool.Name)
        .Age()
        .Build();

    private static Cell Condition(CertificateSigningRequest o)
    {
        bool Has(string type) => o.Status.Conditions.Any(condition => condition.Type == type);
        var decision = Has("Denied") ? "Denied" : Has("Approved") ? "Approved" : "Pending";
        return decision + (Has("Failed") ? ",Failed" : "") + (o.Status.Certificate.Length == 0 ? "" : ",Issued");
    }

    private static Cell State(ResourceClaim o)
    {
        var states = new List<string>();
        if (o.Metadata.DeletionTimestamp is not null)
            states.Add("deleted");
        if (o.Status.Allocation is null)
        {
            if (states.Count == 0)
                states.Add("pending");
        }
        else
        {
            states.Add("allocated");
            if (o.Status.ReservedFor.Count > 0)
                states.Add("reserved");
        }

        return TableText.Join(states);
    }

    private static Cell Number(int? value) => value is { } number ? number : TableText.None;
}
