using Coxswain.Api;

namespace Coxswain.ApiServer.Admission;

/// <summary>Has a say in every write (and connect) after authorization: first it may change the object, then refuse it.</summary>
/// <remarks>Safe for concurrent use. The object is null for deletions without a body; it is not always the resource's own
/// kind (Binding, Eviction, Scale, PodExecOptions ...).</remarks>
public interface IAdmissionPlugin
{
    /// <summary>Upstream's name, as in --enable-admission-plugins.</summary>
    string Name { get; }

    /// <summary>Whether the plug-in has anything to say to such a request. Cheap: it is asked for every write.</summary>
    bool Handles(AdmissionContext context);

    /// <summary>Returns the object, changed or not.</summary>
    /// <exception cref="ApiException">The request is refused.</exception>
    ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation) => new(o);

    /// <summary>Judges the object as it will be stored.</summary>
    /// <exception cref="ApiException">The request is refused.</exception>
    ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation) => default;
}
