namespace Coxswain.Node.Volumes;

/// <summary>A volume cannot be had now; the message is for the pod's events.</summary>
internal sealed class VolumeException(string message) : Exception(message);

/// <summary>Some volumes of a pod are not ready.</summary>
/// <param name="failures">Volume name and reason.</param>
internal sealed class VolumesNotReadyException(IReadOnlyList<(string Volume, string Message)> failures)
    : Exception($"Unable to attach or mount volumes: unmounted volumes=[{string.Join(' ', failures.Select(failure => failure.Volume))}]")
{
    public IReadOnlyList<(string Volume, string Message)> Failures { get; } = failures;
}
