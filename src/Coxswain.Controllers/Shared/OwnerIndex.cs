using Coxswain.Api;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Finds the children of an owner, and the orphans of a namespace, without walking over everything there is.</summary>
internal static class OwnerIndex
{
    private const string Name = "controller";

    /// <summary>Files objects by the uid of their controller; those without one by their namespace.</summary>
    public static Informer<T> IndexByController<T>(this Informer<T> informer) where T : class, IMetadataObject
    {
        informer.AddIndex(Name, o => [Owners.ControllerOf(o.Metadata) is { } owner ? owner.Uid : OrphansOf(o.Metadata.Namespace)]);
        return informer;
    }

    public static IReadOnlyList<T> ControlledBy<T>(this Lister<T> lister, IMetadataObject owner) where T : class, IMetadataObject =>
        ControlledBy(lister, owner.Metadata.Uid);

    public static IReadOnlyList<T> ControlledBy<T>(this Lister<T> lister, string uid) where T : class, IMetadataObject =>
        lister.ByIndex(Name, uid);

    public static IReadOnlyList<T> Orphans<T>(this Lister<T> lister, string ns) where T : class, IMetadataObject =>
        lister.ByIndex(Name, OrphansOf(ns));

    // No uid holds a slash.
    private static string OrphansOf(string ns) => "orphans/" + ns;
}
