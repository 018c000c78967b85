using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>A container cannot be configured until something outside of it changes; shown as CreateContainerConfigError.</summary>
internal sealed class ContainerConfigException(string message) : Exception(message);

/// <summary>Makes the environment of a container from values, references and services.</summary>
/// <remarks>Order of precedence as upstream: env over envFrom over services. The result lists each name once.</remarks>
internal sealed class EnvironmentBuilder(IConfigSource config, Func<IReadOnlyList<Service>> services)
{
    /// <exception cref="ContainerConfigException">Something that is referred to is missing.</exception>
    public async Task<IReadOnlyList<KeyValuePair<string, string>>> BuildAsync(
        Pod pod, Container container, PodFacts facts, IReadOnlyDictionary<string, Quantity> allocatable, CancellationToken cancellation)
    {
        var fromServices = ServiceEnvironment.For(pod.Metadata.Namespace, pod.Spec.EnableServiceLinks ?? true, services());
        var serviceLookup = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in fromServices)
            serviceLookup[name] = value;

        var names = new List<string>();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in container.EnvFrom)
            await AddAllAsync(pod, source, Set, cancellation);

        foreach (var variable in container.Env)
        {
            if (variable.ValueFrom is { } source)
            {
                if (await ResolveAsync(pod, container, source, facts, allocatable, cancellation) is { } resolved)
                    Set(variable.Name, resolved);
            }
            else
            {
                Set(variable.Name, VariableExpansion.Expand(variable.Value, Lookup));
            }
        }

        foreach (var (name, value) in fromServices)
        {
            if (!values.ContainsKey(name))
                Set(name, value);
        }

        return [.. names.Select(name => KeyValuePair.Create(name, values[name]))];

        string? Lookup(string name) => values.GetValueOrDefault(name) ?? serviceLookup.GetValueOrDefault(name);

        void Set(string name, string value)
        {
            if (!values.ContainsKey(name))
                names.Add(name);
            values[name] = value;
        }
    }

    private async Task AddAllAsync(Pod pod, EnvFromSource source, Action<string, string> set, CancellationToken cancellation)
    {
        if (source.ConfigMapRef is { } mapRef)
        {
            var map = await config.FindConfigMapAsync(new(pod.Metadata.Namespace, mapRef.Name), cancellation);
            if (map is null && mapRef.Optional != true)
                throw new ContainerConfigException($"configmap \"{mapRef.Name}\" not found");
            foreach (var (key, value) in map?.Data ?? default)
                set(source.Prefix + key, value);
        }
        else if (source.SecretRef is { } secretRef)
        {
            var secret = await config.FindSecretAsync(new(pod.Metadata.Namespace, secretRef.Name), cancellation);
            if (secret is null && secretRef.Optional != true)
                throw new ContainerConfigException($"secret \"{secretRef.Name}\" not found");
            foreach (var (key, value) in secret?.Data ?? default)
                set(source.Prefix + key, Encoding.UTF8.GetString(value.Span));
        }
    }

    private async Task<string?> ResolveAsync(
        Pod pod, Container container, EnvVarSource source, PodFacts facts, IReadOnlyDictionary<string, Quantity> allocatable,
        CancellationToken cancellation)
    {
        try
        {
            if (source.FieldRef is { } field)
                return DownwardFields.Field(pod, field.FieldPath, facts);
            if (source.ResourceFieldRef is { } resource)
                return DownwardFields.Resource(pod, container, resource, allocatable);
        }
        catch (FormatException problem)
        {
            throw new ContainerConfigException(problem.Message);
        }

        var podNamespace = pod.Metadata.Namespace;
        if (source.ConfigMapKeyRef is { } mapKey)
        {
            var map = await config.FindConfigMapAsync(new(podNamespace, mapKey.Name), cancellation);
            if (map is null)
                return mapKey.Optional == true ? null : throw new ContainerConfigException($"configmap \"{mapKey.Name}\" not found");
            if (map.Data.TryGetValue(mapKey.Key, out var value))
                return value;
            return mapKey.Optional == true
                ? null
                : throw new ContainerConfigException($"couldn't find key {mapKey.Key} in ConfigMap {podNamespace}/{mapKey.Name}");
        }

        if (source.SecretKeyRef is { } secretKey)
        {
            var secret = await config.FindSecretAsync(new(podNamespace, secretKey.Name), cancellation);
            if (secret is null)
                return secretKey.Optional == true ? null : throw new ContainerConfigException($"secret \"{secretKey.Name}\" not found");
            if (secret.Data.TryGetValue(secretKey.Key, out var value))
                return Encoding.UTF8.GetString(value.Span);
            return secretKey.Optional == true
                ? null
                : throw new ContainerConfigException($"couldn't find key {secretKey.Key} in Secret {podNamespace}/{secretKey.Name}");
        }

        return null;
    }
}
