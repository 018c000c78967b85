using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Bootstrap;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Authorization;

/// <summary>What a node's kubelet may do: the rules of system:node, but secrets, config maps, claims, volumes and tokens only of
/// pods that run on the node, and leases and CSI nodes only of its own.</summary>
internal sealed class NodeAuthorizer(RegistryTable registries) : IAuthorizer
{
    private readonly IReadOnlyList<PolicyRule> _rules = DefaultRoles.NodeRules;
    private readonly WatchCache _pods = registries.For<Pod>().Cache;
    private readonly WatchCache _claims = registries.For<PersistentVolumeClaim>().Cache;
    private NodeGraph? _graph;

    private sealed record NodeGraph(HashSet<(string Node, string Resource, string Namespace, string Name)> Edges, (long, long) Changes);

    public async ValueTask<AuthorizationResult> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation)
    {
        var user = attributes.User;
        if (!user.Username.StartsWith(Users.NodePrefix, StringComparison.Ordinal) || !user.IsIn(Users.NodesGroup))
            return new(AuthorizationDecision.NoOpinion);
        var node = user.Username[Users.NodePrefix.Length..];
        if (attributes.IsResourceRequest)
        {
            switch (attributes.ApiGroup, attributes.Resource)
            {
                case ("", "secrets" or "configmaps"):
                    return await ReadAsync(node, attributes, cancellation);
                case ("", "persistentvolumeclaims" or "persistentvolumes") when attributes.Subresource.Length == 0:
                    return await ReadAsync(node, attributes, cancellation);
                case ("", "serviceaccounts"):
                    return attributes is { Verb: "create", Subresource: "token", Name.Length: > 0 }
                        ? await OnlyRelatedAsync(node, attributes, cancellation)
                        : NoOpinion("can only create tokens for individual service accounts");
                case ("coordination.k8s.io", "leases"):
                    return Own(node, attributes, "kube-node-lease");
                case ("storage.k8s.io", "csinodes"):
                    return Own(node, attributes, "");
            }
        }

        foreach (var rule in _rules)
            if (RuleMatcher.Allows(rule, attributes))
                return new(AuthorizationDecision.Allow);
        return new(AuthorizationDecision.NoOpinion);
    }

    /// <summary>What a node may do depends on its pods; rules cannot say it.</summary>
    public ValueTask<UserRules> RulesAsync(UserInfo user, string @namespace, CancellationToken cancellation) => new(new UserRules([], [], Incomplete: false));

    private async ValueTask<AuthorizationResult> ReadAsync(string node, AuthorizationAttributes attributes, CancellationToken cancellation) =>
        attributes.Verb is "get" or "list" or "watch" && attributes.Subresource.Length == 0
            ? attributes.Name.Length > 0
                ? await OnlyRelatedAsync(node, attributes, cancellation)
                : NoOpinion("No Object name found")
            : NoOpinion("can only read resources of this type");

    private async ValueTask<AuthorizationResult> OnlyRelatedAsync(string node, AuthorizationAttributes attributes, CancellationToken cancellation)
    {
        await _pods.ReadyAsync(cancellation);
        await _claims.ReadyAsync(cancellation);
        var related = Graph().Edges.Contains((node, attributes.Resource, attributes.Namespace, attributes.Name));
        if (!related)
        {
            // The pod may have been bound a moment ago.
            await _pods.TryCatchUpAsync(cancellation);
            related = Graph().Edges.Contains((node, attributes.Resource, attributes.Namespace, attributes.Name));
        }

        return related
            ? new(AuthorizationDecision.Allow)
            : NoOpinion($"no relationship found between node {GoText.Quote(node)} and this object");
    }

    private static AuthorizationResult Own(string node, AuthorizationAttributes attributes, string @namespace)
    {
        if (attributes.Verb is not ("get" or "create" or "update" or "patch" or "delete"))
            return NoOpinion("can only get, create, update, patch, or delete a node lease");
        if (@namespace.Length > 0 && attributes.Namespace != @namespace)
            return NoOpinion($"can only access leases in the {GoText.Quote(@namespace)} system namespace");
        // The name of what is created is not known yet.
        return attributes.Verb == "create" || attributes.Name == node
            ? new(AuthorizationDecision.Allow)
            : NoOpinion("can only access node lease with the same name as the requesting node");
    }

    private static AuthorizationResult NoOpinion(string reason) => new(AuthorizationDecision.NoOpinion, reason);

    private NodeGraph Graph()
    {
        var changes = (_pods.Changes, _claims.Changes);
        if (Volatile.Read(ref _graph) is { } known && known.Changes == changes)
            return known;
        var edges = new HashSet<(string, string, string, string)>();
        var claims = _claims.Snapshot();
        _pods.KeepDecoded();
        foreach (var cached in _pods.Snapshot().Range(_pods.KeyPrefix))
        {
            var pod = (Pod)cached.Object;
            if (pod.Spec.NodeName.Length > 0)
                AddPod(edges, pod, claims);
        }

        var graph = new NodeGraph(edges, changes);
        Volatile.Write(ref _graph, graph);
        return graph;
    }

    private void AddPod(HashSet<(string, string, string, string)> edges, Pod pod, CacheSnapshot claims)
    {
        var (node, @namespace) = (pod.Spec.NodeName, pod.Metadata.Namespace);
        void Add(string resource, string? name)
        {
            if (!string.IsNullOrEmpty(name))
                edges.Add((node, resource, @namespace, name));
        }

        Add("serviceaccounts", pod.Spec.ServiceAccountName);
        foreach (var secret in pod.Spec.ImagePullSecrets)
            Add("secrets", secret.Name);
        foreach (var container in pod.Spec.Containers)
            AddEnvironment(Add, container.Env, container.EnvFrom);
        foreach (var container in pod.Spec.InitContainers)
            AddEnvironment(Add, container.Env, container.EnvFrom);
        foreach (var container in pod.Spec.EphemeralContainers)
            AddEnvironment(Add, container.Env, container.EnvFrom);
        foreach (var volume in pod.Spec.Volumes)
        {
            Add("secrets", volume.Secret?.SecretName);
            Add("configmaps", volume.ConfigMap?.Name);
            if (volume.Projected is { } projected)
            {
                foreach (var source in projected.Sources)
                {
                    Add("secrets", source.Secret?.Name);
                    Add("configmaps", source.ConfigMap?.Name);
                }
            }

            if ((volume.PersistentVolumeClaim?.ClaimName ?? (volume.Ephemeral is null ? null : $"{pod.Metadata.Name}-{volume.Name}")) is { } claim)
            {
                Add("persistentvolumeclaims", claim);
                if (claims.Find($"{_claims.KeyPrefix}{@namespace}/{claim}")?.Object is PersistentVolumeClaim { Spec.VolumeName.Length: > 0 } bound)
                    edges.Add((node, "persistentvolumes", "", bound.Spec.VolumeName));
            }
        }
    }

    private static void AddEnvironment(Action<string, string?> add, ApiList<EnvVar> variables, ApiList<EnvFromSource> sources)
    {
        foreach (var variable in variables)
        {
            add("secrets", variable.ValueFrom?.SecretKeyRef?.Name);
            add("configmaps", variable.ValueFrom?.ConfigMapKeyRef?.Name);
        }

        foreach (var source in sources)
        {
            add("secrets", source.SecretRef?.Name);
            add("configmaps", source.ConfigMapRef?.Name);
        }
    }
}
