using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Finds the pods of a node.</summary>
internal static class PodIndex
{
    public const string ByNode = "node";

    public static void AddTo(Informer<Pod> pods) => pods.AddIndex(ByNode, p => p.Spec.NodeName.Length > 0 ? [p.Spec.NodeName] : []);
}
