using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Tables.Core;

/// <summary>The plain kinds of the core group.</summary>
internal static class CoreColumns
{
    public static TableColumns ComponentStatuses { get; } = TableColumns.For<ComponentStatus>()
        .Name()
        .Add("Status", o => Healthy(o) switch { null => "Unknown", { Status: "True" } => "Healthy", _ => "Unhealthy" })
        .Add("Message", o => Healthy(o)?.Message ?? "")
        .Add("Error", o => Healthy(o)?.Error ?? "")
        .Build();

    public static TableColumns ConfigMaps { get; } = TableColumns.For<ConfigMap>()
        .Name()
        .Add("Data", map => map.Data.Count + map.BinaryData.Count, description: "How many entries there are.")
        .Age()
        .Build();

    public static TableColumns Namespaces { get; } = TableColumns.For<Namespace>()
        .Name()
        .Add("Status", o => o.Status.Phase)
        .Age()
        .Build();

    public static TableColumns PodTemplates { get; } = TableColumns.For<PodTemplate>()
        .Name()
        .Add("Containers", o => TableText.Join(o.Template.Spec.Containers.Select(container => container.Name)))
        .Add("Images", o => TableText.Join(o.Template.Spec.Containers.Select(container => container.Image)))
        .Add("Pod Labels", o => TableText.Labels(o.Template.Metadata.Labels))
        .Build();

    public static TableColumns ReplicationControllers { get; } = TableColumns.For<ReplicationController>()
        .Name()
        .Integer("Desired", o => o.Spec.Replicas ?? 0)
        .Integer("Current", o => o.Status.Replicas)
        .Integer("Ready", o => o.Status.ReadyReplicas)
        .Age()
        .Containers(o => o.Spec.Template?.Spec)
        .Wide("Selector", o => TableText.Labels(o.Spec.Selector))
        .Build();

    public static TableColumns ResourceQuotas { get; } = TableColumns.For<ResourceQuota>()
        .Name()
        .Add("Request", quota => Usage(quota, limits: false), description: "What is used of what may be asked for.")
        .Add("Limit", quota => Usage(quota, limits: true), description: "What is used of the limits.")
        .Age()
        .Build();

    public static TableColumns Secrets { get; } = TableColumns.For<Secret>()
        .Name()
        .Add("Type", secret => secret.Type)
        .Add("Data", secret => secret.Data.Count, description: "How many entries there are.")
        .Age()
        .Build();

    public static TableColumns ServiceAccounts { get; } = TableColumns.For<ServiceAccount>()
        .Name()
        .Add("Secrets", account => account.Secrets.Count, description: "How many secrets are named.")
        .Age()
        .Build();

    private static ComponentCondition? Healthy(ComponentStatus o) => o.Conditions.FirstOrDefault(condition => condition.Type == "Healthy");

    private static Cell Usage(ResourceQuota quota, bool limits) => string.Join(", ", quota.Status.Hard
        .Where(hard => hard.Key.StartsWith("limits.", StringComparison.Ordinal) == limits)
        .OrderBy(hard => hard.Key, StringComparer.Ordinal)
        .Select(hard => $"{hard.Key}: {quota.Status.Used.GetValueOrDefault(hard.Key)}/{hard.Value}"));
}
