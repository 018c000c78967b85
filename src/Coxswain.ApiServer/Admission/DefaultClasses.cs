using Coxswain.Api;

namespace Coxswain.ApiServer.Admission;

/// <summary>Picks the class that an annotation makes the default: of several the youngest, then the first by name.</summary>
internal static class DefaultClasses
{
    public static T? Find<T>(IEnumerable<T> classes, params ReadOnlySpan<string> annotations)
        where T : class, IMetadataObject
    {
        T? found = null;
        foreach (var candidate in classes)
        {
            var marked = false;
            foreach (var annotation in annotations)
                marked |= candidate.Metadata.Annotations.GetValueOrDefault(annotation) == "true";
            if (marked && (found is null || Before(candidate, found)))
                found = candidate;
        }

        return found;
    }

    private static bool Before(IMetadataObject a, IMetadataObject b) => a.Metadata.CreationTimestamp == b.Metadata.CreationTimestamp
        ? string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name) < 0
        : a.Metadata.CreationTimestamp > b.Metadata.CreationTimestamp;
}
