using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Binds a pod to a node: the scheduler's one write.</summary>
internal sealed class BindingHandler(RegistryTable registries, AdmissionChain admission) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = WriteOptions.Parse("CreateOptions", request.Query, request.UserAgent);
        var binding = (Binding)BodyDecoder.Decode(request, new("", "v1", "Binding"), options.FieldValidation);
        var name = request.Name.Length > 0 ? request.Name : binding.Metadata.Name;
        if (binding.Metadata.Name.Length > 0 && request.Name.Length > 0 && binding.Metadata.Name != request.Name)
            throw new ApiException(Statuses.BadRequest("name in URL does not match name in Binding object"));
        var context = scope.AdmissionContext(request, AdmissionOperation.Create, name, options.DryRun, options: options.ToDocument("create"));
        binding = (Binding)(await admission.MutateAsync(context, binding, cancellation))!;
        Validate(binding);
        await admission.ValidateAsync(context, binding, cancellation);

        // The pod is written past its strategy: nobody else may set the node of a pod.
        var registry = registries.For<Pod>();
        while (true)
        {
            var live = await registry.GetAsync(request.Namespace, name, cancellation);
            var pod = Bind((Pod)live.Object, binding, request.Now);
            if (options.DryRun || await registry.WriteAsync(pod, live.Revision, cancellation) is not null)
                break;
        }

        return new DocumentResponse(201, Statuses.Success(201));
    }

    private static void Validate(Binding binding)
    {
        var errors = new FieldErrors();
        var target = new FieldPath("target");
        if (binding.Target.Kind is not ("" or "Node"))
            errors.NotSupported(target.Child("kind"), binding.Target.Kind, "Node", "<empty>");
        if (binding.Target.Name.Length == 0)
            errors.Required(target.Child("name"));
        if (errors.Count > 0)
            throw new ApiException(Statuses.Unknown(errors.Aggregate()));
    }

    /// <exception cref="ApiException">409: the pod is bound, or is going.</exception>
    private static Pod Bind(Pod pod, Binding binding, DateTimeOffset now)
    {
        if (binding.Metadata.Uid.Length > 0 && binding.Metadata.Uid != pod.Metadata.Uid)
            throw Conflict($"Precondition failed: UID in precondition: {binding.Metadata.Uid}, UID in object meta: {pod.Metadata.Uid}");
        if (pod.Metadata.DeletionTimestamp is not null)
            throw Conflict($"pod {pod.Metadata.Name} is being deleted, cannot be assigned to a host");
        if (pod.Spec.NodeName.Length > 0)
            throw Conflict($"pod {pod.Metadata.Name} is already assigned to node {GoText.Quote(pod.Spec.NodeName)}");
        if (pod.Spec.SchedulingGates.Count > 0)
            throw Conflict($"pod {pod.Metadata.Name} has non-empty .spec.schedulingGates");

        var annotations = pod.Metadata.Annotations;
        foreach (var (key, value) in binding.Metadata.Annotations)
            annotations = annotations.With(key, value);
        var labels = pod.Metadata.Labels;
        foreach (var (key, value) in binding.Metadata.Labels)
            labels = labels.With(key, value);
        return pod with
        {
            Metadata = pod.Metadata with { Annotations = annotations, Labels = labels },
            Spec = pod.Spec with { NodeName = binding.Target.Name },
            Status = pod.Status with { Conditions = Scheduled(pod.Status.Conditions, now) },
        };

        ApiException Conflict(string why) => new(Statuses.Conflict(new("", "pods/binding"), pod.Metadata.Name, why));
    }

    private static ApiList<PodCondition> Scheduled(ApiList<PodCondition> conditions, DateTimeOffset now)
    {
        for (var i = 0; i < conditions.Count; i++)
        {
            if (conditions[i].Type != "PodScheduled")
                continue;
            return conditions[i].Status == "True"
                ? conditions
                : conditions.SetItem(i, conditions[i] with { Status = "True", Reason = "", Message = "", LastTransitionTime = now });
        }

        return conditions.Add(new() { Type = "PodScheduled", Status = "True", LastTransitionTime = now });
    }
}
