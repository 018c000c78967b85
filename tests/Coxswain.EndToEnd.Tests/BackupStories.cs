using System.Globalization;
using System.Net.Http.Headers;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Testing;

namespace Coxswain.EndToEnd.Tests;

/// <summary>Backups of a real cluster, restored on "another host": another folder, another address, another port.</summary>
public sealed class BackupStories : IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private readonly Instance _instance = new("backup", "--no-node", "--bind-address", "127.0.0.1");
    private readonly Instance _other = new("restored", "--no-node", "--bind-address", "127.0.0.2");
    private readonly string _folder = Directory.CreateTempSubdirectory("cxw-backups-").FullName;

    private string Passphrase => Path.Combine(_folder, "passphrase");

    public async ValueTask InitializeAsync()
    {
        Repository.RequireExecutable();
        await File.WriteAllTextAsync(Passphrase, "correct horse battery staple\n", Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _instance.RemoveAsync();
        await _other.RemoveAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string Newest => Directory.GetFiles(_folder, "*.coxswain-backup").Order(StringComparer.Ordinal).Last();

    private static async Task<string> DoneAsync(Task<Shell.Result> command)
    {
        var result = await command;
        Assert.True(result.ExitCode == 0, result.Text);
        return result.Output;
    }

    private static HttpApiClient ClientOf(Instance instance) => new(KubeConfig.Load(instance.KubeConfig), TimeProvider.System);

    private static Task<ConfigMap> MakeAsync(IApiClient api, string name) =>
        api.CreateAsync(new ConfigMap { Metadata = new() { Name = name, Namespace = "default" }, Data = ApiMap.Of("a", name) }, Cancellation);

    [Fact]
    public async Task A_backup_of_a_running_cluster_is_the_whole_cluster_on_another_host()
    {
        await _instance.UpAsync(Cancellation);
        string token;
        using (var api = ClientOf(_instance))
        {
            for (var i = 0; i < 20; i++)
                await MakeAsync(api, $"kept-{i}");
            await Eventually.TrueAsync(async () => await api.FindAsync<ServiceAccount>(new("default", "default"), Cancellation) is not null, cancellation: Cancellation);
            token = (await api.CreateSubresourceAsync<ServiceAccount, TokenRequest, TokenRequest>(new("default", "default"), "token", new(), Cancellation)).Status.Token;
        }

        var made = await DoneAsync(_instance.CommandAsync(Cancellation, "backup", "create", _folder, "--passphrase-file", Passphrase));
        Assert.Matches("ok   verify .* objects restored, read back and compared in ", made);
        var list = await DoneAsync(_instance.CommandAsync(Cancellation, "backup", "list", _folder));
        Assert.Matches(@"NAME .* VERIFIED(.|\n)*coxswain-backup .* in \d", list);
        long seen;
        using (var api = ClientOf(_instance))
            seen = long.Parse((await MakeAsync(api, "too-late")).Metadata.ResourceVersion, CultureInfo.InvariantCulture);
        await DoneAsync(_instance.CommandAsync(Cancellation, "down"));

        var restored = await DoneAsync(_other.CommandAsync(Cancellation, "backup", "restore", Newest, "--passphrase-file", Passphrase));
        Assert.Contains($"coxswain up --data-dir {_other.DataDir}", restored, StringComparison.Ordinal);
        await _other.UpAsync(Cancellation);

        using var there = ClientOf(_other);
        var maps = await there.ListAsync<ConfigMap>(new() { Namespace = "default" }, Cancellation);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"kept-{i}").Order(StringComparer.Ordinal), maps.Items.Select(m => m.Metadata.Name).Where(n => n != "kube-root-ca.crt").Order(StringComparer.Ordinal));
        // Nobody who saw later revisions sees time go backwards.
        Assert.True(long.Parse(maps.ResourceVersion, CultureInfo.InvariantCulture) > seen);
        Assert.All(maps.Items, m => Assert.True(long.Parse(m.Metadata.ResourceVersion, CultureInfo.InvariantCulture) > seen));
        await using (var watch = there.WatchAsync<ConfigMap>(new() { Namespace = "default", ResourceVersion = seen.ToString(CultureInfo.InvariantCulture) }, Cancellation).GetAsyncEnumerator(Cancellation))
            Assert.Equal(410, (await Assert.ThrowsAsync<ApiException>(async () => await watch.MoveNextAsync())).Code);

        // A token of before, under an address that the certificate did not know then.
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var body = new StringContent("""{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}""", MediaTypeHeaderValue.Parse("application/json"));
        var answer = await http.PostAsync(new Uri($"https://127.0.0.2:{_other.Port}/apis/authentication.k8s.io/v1/selfsubjectreviews"), body, Cancellation);
        Assert.Contains("system:serviceaccount:default:default", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopped_cluster_is_backed_up_too_and_what_cannot_be_restored_is_refused_with_nothing_touched()
    {
        await _instance.UpAsync(Cancellation);
        using (var api = ClientOf(_instance))
            await MakeAsync(api, "kept");
        await DoneAsync(_instance.CommandAsync(Cancellation, "down"));
        await DoneAsync(_instance.CommandAsync(Cancellation, "backup", "create", _folder, "--passphrase-file", Passphrase));
        var good = await File.ReadAllBytesAsync(Newest, Cancellation);
        var file = Path.Combine(_folder, "copy");

        await RefusedAsync([.. good[..^1]], Passphrase, "It is cut off");
        await RefusedAsync([.. good, 0], Passphrase, "something was appended");
        good[^40] ^= 1;
        await RefusedAsync(good, Passphrase, "It is damaged");
        good[^40] ^= 1;
        var wrong = Path.Combine(_folder, "wrong");
        await File.WriteAllTextAsync(wrong, "another passphrase", Cancellation);
        await RefusedAsync(good, wrong, "The passphrase is not the one that it was made with");
        await RefusedAsync("somebody else's file"u8.ToArray(), Passphrase, "It is not a backup of Coxswain");
        good[9] = 9;
        await RefusedAsync(good, Passphrase, "It was made by a newer version");
        good[9] = 1;

        await File.WriteAllBytesAsync(file, good, Cancellation);
        var before = Directory.GetFiles(_instance.DataDir, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        var occupied = await _instance.CommandAsync(Cancellation, "backup", "restore", file, "--passphrase-file", Passphrase);
        Assert.Equal(1, occupied.ExitCode);
        Assert.Contains("is not empty", occupied.Error, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(_instance.DataDir, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));

        // The same file unharmed is as good as ever.
        Assert.Contains("objects restored, read back and compared", await DoneAsync(_other.CommandAsync(Cancellation, "backup", "verify", file, "--passphrase-file", Passphrase)), StringComparison.Ordinal);
        await DoneAsync(_other.CommandAsync(Cancellation, "backup", "restore", file, "--passphrase-file", Passphrase));

        async Task RefusedAsync(byte[] bytes, string passphrase, string reason)
        {
            await File.WriteAllBytesAsync(file, bytes, Cancellation);
            var result = await _other.CommandAsync(Cancellation, "backup", "restore", file, "--passphrase-file", passphrase);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains(reason, result.Error, StringComparison.Ordinal);
            Assert.EndsWith("Nothing was changed.\n", result.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(_other.DataDir));
            Assert.Empty(Directory.GetDirectories("/tmp", Path.GetFileName(_other.DataDir) + "*"));
        }
    }

    [Fact]
    public async Task An_instance_makes_backups_by_itself_and_status_tells_of_them()
    {
        var scheduled = new Instance("scheduled", "--no-node", "--bind-address", "127.0.0.1", "--backup-dir", Path.Combine(_folder, "own"), "--backup-passphrase-file", Passphrase);
        try
        {
            await scheduled.UpAsync(Cancellation);
            await Eventually.TrueAsync(async () => (await scheduled.CommandAsync(Cancellation, "status")).Output.Contains("verified; next", StringComparison.Ordinal), cancellation: Cancellation);
            Assert.Single(Directory.GetFiles(Path.Combine(_folder, "own")));
            await DoneAsync(scheduled.CommandAsync(Cancellation, "down"));

            // What fails is said, and status is not well.
            File.Delete(Passphrase);
            Directory.Delete(Path.Combine(_folder, "own"), recursive: true);
            await scheduled.UpAsync(Cancellation);
            await Eventually.TrueAsync(async () => await scheduled.CommandAsync(Cancellation, "status") is { ExitCode: 1 } status
                && status.Output.Contains("backups        failed", StringComparison.Ordinal), cancellation: Cancellation);
            using var api = ClientOf(scheduled);
            await Eventually.TrueAsync(async () => (await api.ListAsync<Event>(ListQuery.All, Cancellation)).Items.Any(e => e.Reason == "BackupFailed"), cancellation: Cancellation);
        }
        finally
        {
            await scheduled.RemoveAsync();
        }
    }
}
