using Coxswain.Api;

namespace Coxswain.Client;

public static class ObjectNames
{
    /// <summary>The object's namespace and name.</summary>
    public static NamespacedName FullName(this IMetadataObject resource) => NamespacedName.Of(resource);
}
