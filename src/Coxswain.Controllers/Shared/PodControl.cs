using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Creates and deletes the pods of an owner, and tells of it in upstream's events.</summary>
internal sealed class PodControl(IApiClient api, EventRecorder events)
{
    public const string FailedCreate = "FailedCreate";
    public const string FailedDelete = "FailedDelete";

    /// <summary>A pod as the template says, controlled by the owner.</summary>
    public static Pod FromTemplate(PodTemplateSpec template, IMetadataObject owner) => new()
    {
        Metadata = new()
        {
            Namespace = owner.Metadata.Namespace,
            GenerateName = owner.Metadata.Name + "-",
            Labels = template.Metadata.Labels,
            Annotations = template.Metadata.Annotations,
            Finalizers = template.Metadata.Finalizers,
            OwnerReferences = [Owners.Controller(owner)],
        },
        Spec = template.Spec,
    };

    /// <exception cref="ApiException">Refused; an event says so, unless the namespace is ending, when nobody needs to know.</exception>
    public async Task<Pod> CreateAsync(Pod pod, IMetadataObject owner, CancellationToken cancellation)
    {
        try
        {
            var created = await api.CreateAsync(pod, cancellation).ConfigureAwait(false);
            events.Normal(owner, "SuccessfulCreate", "Created pod: " + created.Metadata.Name);
            return created;
        }
        catch (ApiException refused) when (!IsNamespaceTerminating(refused))
        {
            events.Warning(owner, FailedCreate, "Error creating: " + refused.Message);
            throw;
        }
    }

    /// <summary>Deletes the pod if it is still the one that was read; gone already is fine.</summary>
    public async Task DeleteAsync(Pod pod, IMetadataObject owner, CancellationToken cancellation)
    {
        try
        {
            await api.DeleteAsync<Pod>(pod.FullName(), new() { Preconditions = new() { Uid = pod.Metadata.Uid } }, cancellation)
                .ConfigureAwait(false);
            events.Normal(owner, "SuccessfulDelete", "Deleted pod: " + pod.Metadata.Name);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // What was wanted.
        }
        catch (ApiException refused)
        {
            events.Warning(owner, FailedDelete, "Error deleting: " + refused.Message);
            throw;
        }
    }

    /// <summary>The namespace ends, so nothing can be created there and nobody needs to try again.</summary>
    public static bool IsNamespaceTerminating(ApiException refused) =>
        refused.Code == 403 && refused.Status.Details is { } details && details.Causes.Any(c => c.Reason == "NamespaceTerminating");
}
