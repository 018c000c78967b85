using System.Text;
using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>Tells whether a running container still is what the pod describes. Only name and image count: every other field of a
/// container is either immutable or changed in place.</summary>
internal static class ContainerHash
{
    public static string Of(Container container)
    {
        var hash = 2166136261u; // FNV-1a, 32 bits
        foreach (var part in (ReadOnlySpan<string>)[container.Name, "\0", container.Image])
        {
            foreach (var octet in Encoding.UTF8.GetBytes(part))
                hash = (hash ^ octet) * 16777619u;
        }

        return hash.ToString("x", System.Globalization.CultureInfo.InvariantCulture);
    }
}
