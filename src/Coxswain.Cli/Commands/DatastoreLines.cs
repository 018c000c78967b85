using System.Globalization;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Client;

namespace Coxswain.Cli.Commands;

/// <summary>What <c>status</c> says of the datastore: a line for each place where it keeps its data.</summary>
internal static class DatastoreLines
{
    /// <returns>Whether all of it is well.</returns>
    public static async Task<bool> WriteAsync(HttpApiClient api, Func<string, string, Task> line, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> answer;
        try
        {
            answer = await api.GetRawAsync("/coxswain/v1/datastore", cancellation).ConfigureAwait(false);
        }
        catch (ApiException e)
        {
            await line("datastore", $"cannot be told: {e.Message}").ConfigureAwait(false);
            return false;
        }

        using var report = JsonDocument.Parse(answer);
        var well = true;
        foreach (var (name, text, isWell) in Describe(report.RootElement))
        {
            await line(name, text).ConfigureAwait(false);
            well &= isWell;
        }

        return well;
    }

    internal static IEnumerable<(string Name, string Text, bool IsWell)> Describe(JsonElement report)
    {
        var kind = report.GetProperty("kind").GetString()!;
        var members = report.GetProperty("members");
        if (members.GetArrayLength() != 1 || kind == "etcd")
            yield return ("datastore", members.GetArrayLength() == 0 ? kind : $"{kind}, {members.GetArrayLength()} member{(members.GetArrayLength() == 1 ? "" : "s")}", true);
        foreach (var member in members.EnumerateArray())
        {
            var alarms = member.GetProperty("alarms").EnumerateArray().Select(a => a.GetString()!).ToList();
            var error = member.TryGetProperty("error", out var found) ? found.GetString() : null;
            var text = string.Join(", ", Parts(member, alarms, error));
            yield return kind == "etcd"
                ? ("  member", text, error is null && alarms.Count == 0)
                : ("datastore", $"{kind}, {text}", error is null && alarms.Count == 0);
        }
    }

    private static IEnumerable<string> Parts(JsonElement member, List<string> alarms, string? error)
    {
        yield return member.GetProperty("name").GetString()!;
        foreach (var text in new[] { "version", "role" })
            if (member.GetProperty(text).GetString() is { Length: > 0 } value)
                yield return value;
        var (bytes, used, limit, free) = (Number("bytes"), Number("bytesInUse"), Number("maxBytes"), Number("diskFreeBytes"));
        if (bytes > 0)
            yield return Size(bytes) + (limit > 0 ? $" of {Size(limit)}" : "") + (used > 0 && used < bytes ? $" ({Size(used)} in use)" : "");
        if (free > 0)
            yield return $"{Size(free)} of disk free";
        foreach (var alarm in alarms)
            yield return $"ALARM: {alarm}";
        if (error is not null)
            yield return $"NO ANSWER: {error}";

        long Number(string name) => member.TryGetProperty(name, out var value) ? value.GetInt64() : 0;
    }

    private static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0} KiB"),
    };
}
