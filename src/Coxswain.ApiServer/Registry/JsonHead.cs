using System.Text;
using Coxswain.Api;

namespace Coxswain.ApiServer.Registry;

/// <summary>The start of every object's JSON. Items of a list are written without it.</summary>
internal static class JsonHead
{
    public static byte[] Of(GroupVersionKind kind) => Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind.Kind}\",\"apiVersion\":\"{kind.ApiVersion}\",");
}
