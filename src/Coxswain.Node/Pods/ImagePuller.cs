using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Images;
using Coxswain.Node.Runtime;
using Container = Coxswain.Api.Core.V1.Container;

namespace Coxswain.Node.Pods;

/// <summary>Why a container waits: a reason that users know, and the message beside it.</summary>
internal sealed class ContainerStartException(string reason, string message, TimeSpan? retryAfter = null) : Exception(message)
{
    public string Reason { get; } = reason;

    /// <summary>When trying again makes sense; null: by the pod's ordinary rhythm.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>Sees to it that an image is on the node before a container needs it.</summary>
/// <remarks>Failures back off per pod and image, from 10 seconds to 5 minutes. Only so many pulls run at once. Safe for concurrent use.</remarks>
internal sealed class ImagePuller : IDisposable
{
    private readonly IContainerRuntime _runtime;
    private readonly IConfigSource _config;
    private readonly IPodEvents _events;
    private readonly TimeProvider _clock;
    private readonly BackOff _backOff;
    private readonly SemaphoreSlim _pulls;
    private readonly ConcurrentDictionary<string, string> _lastErrors = new(StringComparer.Ordinal);

    public ImagePuller(IContainerRuntime runtime, IConfigSource config, IPodEvents events, NodeAgentOptions options, TimeProvider clock)
    {
        _runtime = runtime;
        _config = config;
        _events = events;
        _clock = clock;
        _backOff = new(TimeSpan.FromSeconds(10), options.MaxContainerBackOff, clock);
        _pulls = new(Math.Max(1, options.MaxParallelImagePulls));
    }

    /// <summary>The reference by which the runtime knows the image.</summary>
    /// <exception cref="ContainerStartException">The image is not there and cannot be had now.</exception>
    public async Task<string> EnsureAsync(
        Pod pod, Container container, string fieldPath, PodSandboxConfig? sandbox, CancellationToken cancellation)
    {
        var image = container.Image;
        if (!ImageReference.TryParse(image, out var reference) || reference is null)
        {
            var message = $"Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format";
            _events.Warning(pod, "InspectFailed", message, fieldPath);
            throw new ContainerStartException("InvalidImageName", message);
        }

        var spec = new ImageSpec(reference.ToString());
        var policy = container.ImagePullPolicy.Length > 0 ? container.ImagePullPolicy
            : reference is { Tag: "latest", Digest: "" } ? PullPolicy.Always
            : PullPolicy.IfNotPresent;

        var present = await InspectAsync(pod, image, spec, fieldPath, cancellation);
        if (present is not null && policy != PullPolicy.Always)
        {
            _events.Normal(pod, "Pulled", $"Container image \"{image}\" already present on machine and can be accessed by the pod", fieldPath);
            return present.Id;
        }

        if (policy == PullPolicy.Never)
        {
            var message = $"Container image \"{image}\" is not present with pull policy of Never";
            _events.Warning(pod, "ErrImageNeverPull", message, fieldPath);
            throw new ContainerStartException("ErrImageNeverPull", message);
        }

        return await PullAsync(pod, image, spec, fieldPath, sandbox, cancellation);
    }

    /// <summary>Forgets failures that are long past.</summary>
    public void Collect()
    {
        _backOff.Collect();
        foreach (var key in _lastErrors.Keys)
        {
            if (_backOff.Get(key) == TimeSpan.Zero)
                _lastErrors.TryRemove(key, out _);
        }
    }

    public void Dispose() => _pulls.Dispose();

    private async Task<Runtime.Image?> InspectAsync(Pod pod, string image, ImageSpec spec, string fieldPath, CancellationToken cancellation)
    {
        try
        {
            return await _runtime.ImageStatusAsync(spec, cancellation);
        }
        catch (RuntimeException failed)
        {
            var message = $"Failed to inspect image \"{image}\": {failed.Message}";
            _events.Warning(pod, "InspectFailed", message, fieldPath);
            throw new ContainerStartException("ImageInspectError", message);
        }
    }

    private async Task<string> PullAsync(
        Pod pod, string image, ImageSpec spec, string fieldPath, PodSandboxConfig? sandbox, CancellationToken cancellation)
    {
        var key = $"{pod.Metadata.Uid}_{image}";
        if (_backOff.Remaining(key) is var remaining && remaining > TimeSpan.Zero)
        {
            var message = $"Back-off pulling image \"{image}\"";
            _events.Normal(pod, "BackOff", message, fieldPath);
            if (_lastErrors.TryGetValue(key, out var cause))
                message += ": " + cause;
            throw new ContainerStartException("ImagePullBackOff", message, remaining);
        }

        var asked = _clock.GetTimestamp();
        _events.Normal(pod, "Pulling", $"Pulling image \"{image}\"", fieldPath);
        await _pulls.WaitAsync(cancellation);
        try
        {
            var began = _clock.GetTimestamp();
            var reference = await PullWithCredentialsAsync(pod, spec, sandbox, cancellation);
            var size = (await _runtime.ImageStatusAsync(spec, cancellation))?.Size ?? 0;
            _events.Normal(pod, "Pulled",
                $"Successfully pulled image \"{image}\" in {Milliseconds(began)} ({Milliseconds(asked)} including waiting). Image size: {size} bytes.",
                fieldPath);
            _backOff.Reset(key);
            _lastErrors.TryRemove(key, out _);
            return reference;
        }
        catch (RuntimeException failed)
        {
            _backOff.Next(key, _clock.GetUtcNow());
            _lastErrors[key] = "ErrImagePull: " + failed.Message;
            _events.Warning(pod, "Failed", $"Failed to pull image \"{image}\": {failed.Message}", fieldPath);
            throw new ContainerStartException("ErrImagePull", failed.Message, _backOff.Get(key));
        }
        finally
        {
            _pulls.Release();
        }
    }

    private async Task<string> PullWithCredentialsAsync(Pod pod, ImageSpec spec, PodSandboxConfig? sandbox, CancellationToken cancellation)
    {
        var credentials = PullSecrets.For(spec.Image, await FindSecretsAsync(pod, cancellation));
        if (credentials.Count == 0)
            return await _runtime.PullImageAsync(spec, null, sandbox, cancellation);

        RuntimeException? last = null;
        foreach (var auth in credentials)
        {
            try
            {
                return await _runtime.PullImageAsync(spec, auth, sandbox, cancellation);
            }
            catch (RuntimeException refused)
            {
                last = refused;
            }
        }

        throw last!;
    }

    private async Task<List<Secret>> FindSecretsAsync(Pod pod, CancellationToken cancellation)
    {
        var found = new List<Secret>();
        var missing = new List<string>();
        foreach (var reference in pod.Spec.ImagePullSecrets)
        {
            if (reference.Name.Length == 0)
                continue;
            if (await _config.FindSecretAsync(new(pod.Metadata.Namespace, reference.Name), cancellation) is { } secret)
                found.Add(secret);
            else
                missing.Add(reference.Name);
        }

        if (missing.Count > 0)
        {
            _events.Warning(pod, "FailedToRetrieveImagePullSecret",
                $"Unable to retrieve some image pull secrets ({string.Join(", ", missing)}); attempting to pull the image may not succeed.");
        }

        return found;
    }

    private string Milliseconds(long since) =>
        GoDuration.Format(TimeSpan.FromMilliseconds(Math.Floor(_clock.GetElapsedTime(since).TotalMilliseconds)));
}
