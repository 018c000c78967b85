using Coxswain.Api;
using Coxswain.Api.Autoscaling.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Selectors;

namespace Coxswain.ApiServer.Registry;

/// <summary>The scale of a kind, given how its wish, its state and its selector are read and how the wish is set.</summary>
internal sealed class ScaleStrategy<T>(Func<T, (int Wanted, int Found, string Selector)> read, Func<T, int, T> write) : IScaleStrategy
    where T : class, IResource<T>
{
    public Scale Get(IMetadataObject o)
    {
        var (wanted, found, selector) = read((T)o);
        return new Scale
        {
            Metadata = new ObjectMeta
            {
                Name = o.Metadata.Name,
                Namespace = o.Metadata.Namespace,
                Uid = o.Metadata.Uid,
                ResourceVersion = o.Metadata.ResourceVersion,
                CreationTimestamp = o.Metadata.CreationTimestamp,
            },
            Spec = new ScaleSpec { Replicas = wanted },
            Status = new ScaleStatus { Replicas = found, Selector = selector },
        };
    }

    public IMetadataObject Set(IMetadataObject o, Scale scale) => write((T)o, scale.Spec.Replicas);
}

/// <summary>Selectors as text and against labels.</summary>
internal static class ScaleStrategy
{
    public static string SelectorText(ApiMap<string> labels) =>
        string.Join(',', CommonRules.Sorted(labels).Select(entry => $"{entry.Key}={entry.Value}"));

    /// <summary>The text form of a selector, requirements sorted by key.</summary>
    public static string SelectorText(LabelSelector? selector) => selector is null ? "" : Selector.From(selector).ToString();

    public static bool IsSubset(ApiMap<string> selector, ApiMap<string> labels)
    {
        foreach (var (key, value) in selector)
            if (!labels.TryGetValue(key, out var there) || there != value)
                return false;
        return true;
    }
}
