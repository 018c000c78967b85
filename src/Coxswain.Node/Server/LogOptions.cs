using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Coxswain.Node.Server;

/// <summary>What part of a container's log is wanted (the query of upstream's PodLogOptions).</summary>
internal sealed record LogOptions
{
    public bool Follow { get; init; }

    /// <summary>The instance before the present one.</summary>
    public bool Previous { get; init; }

    public bool Timestamps { get; init; }

    /// <summary>The last so many lines; null: all.</summary>
    public long? TailLines { get; init; }

    public long? LimitBytes { get; init; }

    public DateTimeOffset? Since { get; init; }

    /// <summary>stdout or stderr; null: both.</summary>
    public string? Stream { get; init; }

    public static LogOptions Parse(IQueryCollection query, TimeProvider clock)
    {
        // "tail" is the old name; it may say "all".
        var tail = query.TryGetValue("tail", out var old) ? old.ToString() : query["tailLines"].ToString();
        var sinceSeconds = Number(query["sinceSeconds"].ToString());
        var sinceTime = query["sinceTime"].ToString();
        if (sinceSeconds is < 1 || (sinceSeconds is not null && sinceTime.Length > 0))
            throw Invalid();

        DateTimeOffset? since = sinceSeconds is { } seconds ? clock.GetUtcNow() - TimeSpan.FromSeconds(seconds) : null;
        if (sinceTime.Length > 0)
        {
            if (!DateTimeOffset.TryParse(sinceTime, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                throw Invalid();
            since = time;
        }

        var options = new LogOptions
        {
            Follow = Flag(query["follow"].ToString()),
            Previous = Flag(query["previous"].ToString()),
            Timestamps = Flag(query["timestamps"].ToString()),
            TailLines = tail is "" or "all" ? null : Number(tail),
            LimitBytes = Number(query["limitBytes"].ToString()),
            Since = since,
            Stream = query["stream"].ToString() switch
            {
                "" or "All" => null,
                "Stdout" => "stdout",
                "Stderr" => "stderr",
                _ => throw Invalid(),
            },
        };
        return options is { TailLines: < 0 } or { LimitBytes: < 1 } ? throw Invalid() : options;
    }

    private static bool Flag(string text) => text is "true" or "1" or "True" or "t" or "T";

    private static long? Number(string text) =>
        text.Length == 0 ? null
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
        : throw Invalid();

    private static KubeletApiException Invalid() => new(HttpStatusCode.UnprocessableEntity, """{"message": "Invalid request."}""");
}
