using Coxswain.Api;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>A source of wake-ups: which changes of the cluster put which names in a controller's queue.</summary>
internal sealed record Wake(Action<ControllerContext> Attach)
{
    /// <summary>A change of an object wakes its own name.</summary>
    public static Wake Self<T>() where T : class, IResource<T> =>
        new(c => c.Informer<T>().AddHandler(InformerHandler<T>.ForAny(o => c.Queue.Add(o.FullName()))));

    /// <summary>A change of a child wakes the controller that owns it, the old and the new one when that changes. Wake-ups are gathered for a
    /// moment, since children come in crowds.</summary>
    public static Wake Owner<TChild, TOwner>() where TChild : class, IResource<TChild> where TOwner : class, IResource<TOwner> =>
        new(c =>
        {
            c.Informer<TChild>().AddHandler(new()
            {
                Added = WakeOwner,
                Updated = (before, now) =>
                {
                    if (before.Metadata.OwnerReferences != now.Metadata.OwnerReferences)
                        WakeOwner(before);
                    WakeOwner(now);
                },
                Deleted = WakeOwner,
            });

            void WakeOwner(TChild child)
            {
                if (Owners.ControllerOf(child.Metadata) is { } owner && owner.Kind == TOwner.ResourceKind.Kind
                    && Owners.GroupOf(owner) == TOwner.ResourceKind.Group)
                    c.Queue.AddAfter(new(child.Metadata.Namespace, owner.Name), c.Options.Gathering);
            }
        });

    /// <summary>A change wakes the names that a function finds; of an update, for the old and the new state.</summary>
    public static Wake Via<T>(Func<ControllerContext, T, IEnumerable<NamespacedName>> names, bool gather = false)
        where T : class, IResource<T> =>
        new(c =>
        {
            c.Informer<T>().AddHandler(new()
            {
                Added = Each,
                Updated = (before, now) => { Each(before); Each(now); },
                Deleted = Each,
            });

            void Each(T changed)
            {
                foreach (var name in names(c, changed))
                {
                    if (gather)
                        c.Queue.AddAfter(name, c.Options.Gathering);
                    else
                        c.Queue.Add(name);
                }
            }
        });
}
