using Coxswain.Api;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>What a request is about, once it is known that it is served.</summary>
internal sealed record ResourceScope(ResourceRegistry Registry, SubresourceDescriptor? Subresource)
{
    public ResourceDescriptor Descriptor => Registry.Descriptor;

    public string SubresourceName => Subresource?.Name ?? "";

    /// <summary>The kind of the documents that are sent and answered.</summary>
    public GroupVersionKind Kind => Subresource?.Kind ?? Descriptor.Kind;

    /// <summary>The rules for writing through this door.</summary>
    public Strategy Strategy => Subresource is null ? Registry.Strategy : Registry.Strategy.Subresource(Subresource.Name) ?? Registry.Strategy;

    public StrategyContext StrategyContext(ApiRequest request, bool dryRun) => new()
    {
        Descriptor = Descriptor,
        Namespace = request.Namespace,
        Subresource = SubresourceName,
        User = request.User,
        DryRun = dryRun,
        Now = request.Now,
    };

    public AdmissionContext AdmissionContext(
        ApiRequest request, AdmissionOperation operation, string name, bool dryRun, IMetadataObject? old = null, IKubernetesObject? options = null) => new()
        {
            Operation = operation,
            Descriptor = Descriptor,
            Kind = Kind,
            Default = o => o is IMetadataObject whole && whole.GroupVersionKind == Descriptor.Kind ? Registry.Strategy.Default(whole) : o,
            Subresource = SubresourceName,
            Namespace = Descriptor.Namespaced ? request.Namespace : Descriptor.Plural == "namespaces" && Descriptor.Kind.Group.Length == 0 ? name : "",
            Name = name,
            User = request.User,
            DryRun = dryRun,
            OldObject = old,
            Options = options,
            Now = request.Now,
            Warnings = request.Warnings,
        };
}
