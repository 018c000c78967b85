using System.Text;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>The rules of all kinds without a server: documents in, objects or refusals out.</summary>
internal static class Rules
{
    public static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly StrategyTable Table = new(new StrategyDependencies { Cluster = new EmptyCluster(), Api = null!, Store = null! });

    public static StrategyContext Context<T>()
        where T : class, IResource<T> => new() { Descriptor = T.Descriptor, Namespace = T.Descriptor.Namespaced ? "ns" : "", Now = Now };

    public static Strategy For<T>()
        where T : class, IResource<T> => Table.For(T.Descriptor);

    /// <summary>The document with defaults, in namespace "ns" where the kind has namespaces.</summary>
    public static T Read<T>(string json)
        where T : class, IResource<T>
    {
        var read = (IMetadataObject)CodecTable.Find(T.ResourceKind)!.ReadJson(Encoding.UTF8.GetBytes(json), null);
        if (T.Descriptor.Namespaced)
            read = read.WithMetadata(read.Metadata with { Namespace = "ns" });
        return (T)For<T>().Default(read);
    }

    /// <summary>The object as it would be stored.</summary>
    public static T Create<T>(string json)
        where T : class, IResource<T>
    {
        var context = Context<T>();
        return (T)For<T>().BeforeCreate(context, Strategy.FillSystemFields(context, Read<T>(json)));
    }

    /// <summary>The message with which the object is refused.</summary>
    public static string Refusal<T>(string json)
        where T : class, IResource<T> => Assert.Throws<ApiException>(() => Create<T>(json)).Status.Message;

    /// <summary>What is wrong with the object, "field: message" in order; nothing if it is accepted.</summary>
    public static IReadOnlyList<string> Causes<T>(string json)
        where T : class, IResource<T> => CausesOf(() => Create<T>(json));

    public static IReadOnlyList<string> UpdateCauses<T>(T old, Func<T, T> change, string subresource = "")
        where T : class, IResource<T> => CausesOf(() => Update(old, change, subresource));

    public static IReadOnlyList<string> Warnings<T>(string json, string? oldJson = null)
        where T : class, IResource<T>
    {
        var warnings = new List<string>();
        For<T>().Warn(Context<T>(), Read<T>(json), oldJson is null ? null : Read<T>(oldJson), warnings);
        return warnings;
    }

    private static IReadOnlyList<string> CausesOf(Action write)
    {
        try
        {
            write();
            return [];
        }
        catch (ApiException refusal)
        {
            return [.. refusal.Status.Details!.Causes.Select(cause => $"{cause.Field}: {cause.Message}")];
        }
    }

    /// <summary>The object as an update leaves it.</summary>
    public static T Update<T>(T old, Func<T, T> change, string subresource = "")
        where T : class, IResource<T>
    {
        old = (T)old.WithMetadata(old.Metadata with { ResourceVersion = "7" });
        var strategy = subresource.Length == 0 ? For<T>() : For<T>().Subresource(subresource)!;
        return (T)strategy.BeforeUpdate(Context<T>() with { Subresource = subresource }, strategy.Default(change(old)), old);
    }

    public static Status UpdateRefusal<T>(T old, Func<T, T> change, string subresource = "")
        where T : class, IResource<T> => Assert.Throws<ApiException>(() => Update(old, change, subresource)).Status;
}

/// <summary>A cluster without objects, but for those given to it.</summary>
internal sealed class EmptyCluster(params IMetadataObject[] objects) : IClusterView
{
    public T? Find<T>(NamespacedName name)
        where T : class, IResource<T> => List<T>("").FirstOrDefault(o => NamespacedName.Of(o) == name);

    public IEnumerable<T> List<T>(string @namespace)
        where T : class, IResource<T> =>
        objects.OfType<T>().Where(o => @namespace.Length == 0 || o.Metadata.Namespace == @namespace);

    public ValueTask CatchUpAsync<T>(CancellationToken cancellation)
        where T : class, IResource<T> => default;

    public ValueTask<T?> GetAsync<T>(NamespacedName name, CancellationToken cancellation)
        where T : class, IResource<T> => new(Find<T>(name));
}
