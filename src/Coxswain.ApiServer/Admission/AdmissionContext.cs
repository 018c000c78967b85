using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Authentication;

namespace Coxswain.ApiServer.Admission;

/// <summary>What is being done to the object that is admitted.</summary>
public enum AdmissionOperation
{
    Create,
    Update,
    Delete,
    Connect,
}

/// <summary>What admission plug-ins know of a request. One per request; not shared between threads.</summary>
public sealed class AdmissionContext
{
    public required AdmissionOperation Operation { get; init; }

    public required ResourceDescriptor Descriptor { get; init; }

    public GroupVersionResource Resource => Descriptor.Resource;

    public string Subresource { get; init; } = "";

    /// <summary>The kind of the document in the request: that of the resource, unless a subresource has one of its own.</summary>
    public GroupVersionKind Kind { get => field == default ? Descriptor.Kind : field; init; }

    /// <summary>Fills in the defaults of what a plug-in changed as text; null: there are none.</summary>
    public Func<IKubernetesObject, IKubernetesObject>? Default { get; init; }

    /// <summary>Who has seen the object, and who must see it again.</summary>
    public ReinvocationState Reinvocation { get; } = new();

    /// <summary>The namespace of the request; empty for cluster-wide resources. Of a namespace itself: its name.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The name in the request; empty on a create that leaves it to the server.</summary>
    public string Name { get; init; } = "";

    public UserInfo User { get; init; } = Users.Anonymous;

    public bool DryRun { get; init; }

    /// <summary>CreateOptions, UpdateOptions or DeleteOptions as the client gave them.</summary>
    public IKubernetesObject? Options { get; init; }

    /// <summary>The stored object that an update or a deletion starts from.</summary>
    public IMetadataObject? OldObject { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>Warnings for the client, in the order in which they are sent.</summary>
    public List<string> Warnings { get; init; } = [];

    /// <summary>Notes for the audit log.</summary>
    public Dictionary<string, string> AuditAnnotations { get; } = [];

    public bool IsCreate => Operation == AdmissionOperation.Create;

    public bool IsUpdate => Operation == AdmissionOperation.Update;

    /// <summary>Whether the request is about this resource, of whatever version, and not about a subresource.</summary>
    public bool Is(string group, string plural) => Subresource.Length == 0 && IsOf(group, plural);

    /// <summary>Whether the request is about this resource or one of its subresources.</summary>
    public bool IsOf(string group, string plural) => Descriptor.Kind.Group == group && Descriptor.Plural == plural;
}
