using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>Reads the lists of objects that are part of the program.</summary>
internal static class EmbeddedData
{
    public static JsonDocument Open(string name)
    {
        using var stream = typeof(EmbeddedData).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not part of the program");
        return JsonDocument.Parse(stream);
    }

    public static IEnumerable<T> Objects<T>(JsonElement list)
        where T : class, IResource<T>
    {
        var codec = CodecTable.Find(T.ResourceKind)!;
        foreach (var item in list.EnumerateArray())
            yield return (T)codec.ReadJson(System.Text.Encoding.UTF8.GetBytes(item.GetRawText()), null);
    }
}
