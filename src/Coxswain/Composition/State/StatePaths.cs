using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Coxswain.Api;
using Coxswain.ApiServer;
using Coxswain.Backup;
using Coxswain.Client;
using Coxswain.Lifecycle;
using Coxswain.Storage;
using Microsoft.AspNetCore.Http;

namespace Coxswain.Composition;

/// <summary>One line of the answer of a long piece of work: a step, or, last, how it ended.</summary>
internal sealed record StateLine(PhaseReport? Phase, string? Result, string? Error);

/// <summary>The paths by which commands ask a running instance for backups and moves. Answers are lines of JSON, sent as they come.</summary>
internal static class StatePaths
{
    public const string Backups = AdminPath.Root + "backups";
    public const string Migrations = AdminPath.Root + "datastore/migrations";

    public static IEnumerable<AdminPath> All(ClusterOptions options, Datastore datastore, string version, TimeProvider clock) =>
    [
        new("POST", Backups, (context, cancellation) => HandleAsync(context, StateJson.Default.BackupRequest, async (request, progress) =>
            (await new BackupMaker(options, datastore.Store, datastore.InspectAsync, version, clock).MakeAsync(request, progress, cancellation).ConfigureAwait(false)).Summary, cancellation)),
        new("POST", Migrations, (context, cancellation) => HandleAsync(context, StateJson.Default.MigrationRequest, (request, progress) =>
            datastore.MigrateAsync(request, live: true, progress, cancellation), cancellation)),
    ];

    private static async Task HandleAsync<T>(
        HttpContext context, JsonTypeInfo<T> form, Func<T, IProgress<PhaseReport>, Task<string>> work, CancellationToken cancellation)
    {
        T request;
        try
        {
            request = await JsonSerializer.DeserializeAsync(context.Request.Body, form, cancellation).ConfigureAwait(false)
                ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new ApiException(Statuses.BadRequest($"the request cannot be read: {e.Message}"));
        }

        context.Response.ContentType = "application/json";
        var lines = new Lines(context.Response);
        StateLine end;
        try
        {
            end = new(null, await work(request, lines).ConfigureAwait(false), null);
        }
        catch (Exception e) when (e is LifecycleException or BackupException or StoreException or CompactedException or IOException or UnauthorizedAccessException)
        {
            end = new(null, null, e.Message);
        }

        await lines.EndAsync(end, cancellation).ConfigureAwait(false);
    }

    /// <summary>Writes lines in order; whoever reports does not wait for the network.</summary>
    private sealed class Lines(HttpResponse response) : IProgress<PhaseReport>
    {
        private readonly Lock _gate = new();
        private Task _last = Task.CompletedTask;

        public void Report(PhaseReport value) => Add(new(value, null, null));

        public async Task EndAsync(StateLine line, CancellationToken cancellation)
        {
            Add(line);
            await _last.WaitAsync(cancellation).ConfigureAwait(false);
        }

        private void Add(StateLine line)
        {
            lock (_gate)
                _last = WriteAsync(_last, line);
        }

        private async Task WriteAsync(Task before, StateLine line)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, StateJson.Default.StateLine), (byte)'\n'];
            await response.Body.WriteAsync(bytes).ConfigureAwait(false);
            await response.Body.FlushAsync().ConfigureAwait(false);
        }
    }
}

/// <summary>Asks a running instance.</summary>
internal static class AdminClient
{
    /// <exception cref="LifecycleException">The work failed; the message is the instance's.</exception>
    public static async Task<string> AskAsync<T>(
        InstanceDirectory directory, InstanceRecord record, string path, T request, JsonTypeInfo<T> form, IProgress<PhaseReport> progress, TimeProvider clock, CancellationToken cancellation)
    {
        using var client = new HttpApiClient(KubeConfig.Load(directory.AdminKubeConfig) with { Server = new(record.Server) }, clock);
        await foreach (var line in client.PostForLinesAsync(path, JsonSerializer.SerializeToUtf8Bytes(request, form), cancellation).ConfigureAwait(false))
        {
            var told = JsonSerializer.Deserialize(line, StateJson.Default.StateLine)!;
            if (told.Phase is not null)
                progress.Report(told.Phase);
            if (told.Error is not null)
                throw new LifecycleException(told.Error);
            if (told.Result is not null)
                return told.Result;
        }

        throw new LifecycleException($"the instance in {directory.Root} ended before the work was done; see coxswain logs");
    }
}

[JsonSerializable(typeof(StateLine))]
[JsonSerializable(typeof(BackupRequest))]
[JsonSerializable(typeof(MigrationRequest))]
internal sealed partial class StateJson : JsonSerializerContext;
