using System.Text.Json;
using Coxswain.Api.Patching;

namespace Coxswain.Api.ServerSideApply;

internal static class JsonLimits
{
    public static JsonDocumentOptions Document { get; } = new() { MaxDepth = JsonTree.MaxDepth };
}
