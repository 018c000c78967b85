using System.Globalization;
using System.Text;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Benchmarks.Server;

/// <summary>Fills the store of a stopped server: 50,000 each of Pods, ConfigMaps, Secrets and Events, and as many old revisions as asked for.</summary>
internal static class ServerData
{
    public const int EachKind = 50_000;
    public const int Objects = 4 * EachKind;

    public static async Task FillAsync(string path, int oldRevisions)
    {
        var pod = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "pod.json"))).TrimEnd();
        var revisions = new long[Objects];
        await using var store = SqliteStore.Open(path);
        for (var written = 0; written < Objects + oldRevisions; written += 2000)
        {
            await Task.WhenAll(Enumerable.Range(written, Math.Min(2000, Objects + oldRevisions - written)).Select(async i =>
            {
                var (key, value) = Object(pod, i % Objects, i / Objects);
                revisions[i % Objects] = (await store.WriteAsync(new(key, revisions[i % Objects], Encoding.UTF8.GetBytes(value)), CancellationToken.None)).Revision;
            }));
        }
    }

    private static (string Key, string Value) Object(string pod, int index, int round)
    {
        var uid = new Guid(index + 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10).ToString();
        var at = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(index).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var name = $"object-{index / 4:d6}";
        string Head(string kind, string apiVersion) =>
            $$"""{"kind":"{{kind}}","apiVersion":"{{apiVersion}}","metadata":{"name":"{{name}}","namespace":"default","uid":"{{uid}}","creationTimestamp":"{{at}}","labels":{"app":"web","part":"{{index % 100}}"}""" + "}";
        var text = string.Create(CultureInfo.InvariantCulture, $"{index}-{round}-") + new string('x', 600);
        return (index % 4) switch
        {
            0 => ($"/registry/pods/default/{name}", pod.Replace("NAME", name, StringComparison.Ordinal).Replace("UID", uid, StringComparison.Ordinal)),
            1 => ($"/registry/configmaps/default/{name}", Head("ConfigMap", "v1") + $$""","data":{"settings":"{{text}}"}""" + "}"),
            2 => ($"/registry/secrets/default/{name}", Head("Secret", "v1") + $$""","data":{"password":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}}"},"type":"Opaque"}"""),
            _ => ($"/registry/events/default/{name}", Head("Event", "v1") + $$""","involvedObject":{"kind":"Pod","namespace":"default","name":"{{name}}","apiVersion":"v1"},"reason":"Pulled","message":"{{text[..120]}}","source":{"component":"kubelet"},"firstTimestamp":"{{at}}","lastTimestamp":"{{at}}","count":{{round + 1}},"type":"Normal","eventTime":null,"reportingComponent":"","reportingInstance":""}"""),
        };
    }
}
