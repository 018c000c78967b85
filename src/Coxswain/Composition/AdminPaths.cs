using System.Text.Json;
using Coxswain.ApiServer;
using Coxswain.Lifecycle;
using Coxswain.Storage;
using Microsoft.AspNetCore.Http;

namespace Coxswain.Composition;

/// <summary>The table of paths below <c>/coxswain/v1/</c>: what administrators ask of a running process. One line each.</summary>
internal static class AdminPaths
{
    public static IReadOnlyList<AdminPath> All(ClusterOptions options, Datastore store, string version, TimeProvider clock) =>
    [
        new("GET", "/coxswain/v1/datastore", (context, cancellation) => ReportAsync(context, store, cancellation)),
        .. StatePaths.All(options, store, version, clock),
    ];

    /// <summary>How the store is, as JSON: what <c>coxswain status</c> shows.</summary>
    private static async Task ReportAsync(HttpContext context, Datastore store, CancellationToken cancellation)
    {
        var report = await store.InspectAsync(cancellation).ConfigureAwait(false);
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        Write(json, report);
        await json.FlushAsync(cancellation).ConfigureAwait(false);
    }

    private static void Write(Utf8JsonWriter json, StoreReport report)
    {
        json.WriteStartObject();
        json.WriteString("kind", report.Kind);
        json.WriteStartArray("members");
        foreach (var member in report.Members)
        {
            json.WriteStartObject();
            json.WriteString("name", member.Name);
            json.WriteString("version", member.Version);
            json.WriteString("role", member.Role);
            json.WriteNumber("bytes", member.Bytes);
            json.WriteNumber("bytesInUse", member.BytesInUse);
            json.WriteNumber("maxBytes", member.MaxBytes);
            json.WriteNumber("diskFreeBytes", member.DiskFreeBytes);
            json.WriteStartArray("alarms");
            foreach (var alarm in member.Alarms)
                json.WriteStringValue(alarm);
            json.WriteEndArray();
            if (member.Error is not null)
                json.WriteString("error", member.Error);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
