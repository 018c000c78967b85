using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Scheduler.Configuration;
using Coxswain.Scheduler.Preemption;

namespace Coxswain.Scheduler.Extenders;

/// <summary>An HTTP service that is asked which nodes will do, which are better, who may be preempted, and to bind: upstream's protocol.</summary>
/// <remarks>Safe for concurrent use. Every failure is an <see cref="ExtenderException"/>; answers are bounded in time and size.</remarks>
public sealed class Extender : IDisposable
{
    private const int MaxAnswer = 64 << 20;

    /// <summary>Extenders give 0 to 10 points, plug-ins 0 to 100.</summary>
    private const long PointsFactor = 10;

    private readonly ExtenderConfiguration _configuration;
    private readonly HttpClient _http;

    public Extender(ExtenderConfiguration configuration)
    {
        _configuration = configuration;
        _http = new(Handler(configuration), disposeHandler: true) { Timeout = configuration.HttpTimeout, MaxResponseContentBufferSize = MaxAnswer };
    }

    public string Name => _configuration.UrlPrefix;
    public bool Ignorable => _configuration.Ignorable;
    public bool Filters => _configuration.FilterVerb.Length > 0;
    public bool Prioritizes => _configuration.PrioritizeVerb.Length > 0;
    public bool Binds => _configuration.BindVerb.Length > 0;
    public bool Preempts => _configuration.PreemptVerb.Length > 0;

    /// <summary>Whether the pod asks for something that the extender manages, where it manages only some things.</summary>
    public bool IsInterested(PodInfo pod)
    {
        if (_configuration.ManagedResources.Count == 0)
            return true;
        foreach (var container in pod.Pod.Spec.Containers.Concat(pod.Pod.Spec.InitContainers))
        {
            foreach (var resource in _configuration.ManagedResources)
            {
                if (container.Resources.Requests.ContainsKey(resource) || container.Resources.Limits.ContainsKey(resource))
                    return true;
            }
        }

        return false;
    }

    /// <summary>Which of some nodes will do; why the others will not goes into <paramref name="diagnosis"/>.</summary>
    public async Task<List<NodeInfo>> FilterAsync(PodInfo pod, List<NodeInfo> nodes, Diagnosis diagnosis, CancellationToken cancellation)
    {
        using var answer = await PostAsync(_configuration.FilterVerb, w => WriteArguments(w, pod, nodes), cancellation).ConfigureAwait(false);
        var root = answer.RootElement;
        if (Property(root, "error") is { ValueKind: JsonValueKind.String } error && error.GetString() is { Length: > 0 } why)
            throw new ExtenderException(why);
        var passed = new HashSet<string>(StringComparer.Ordinal);
        if (_configuration.NodeCacheCapable && Property(root, "nodenames") is { ValueKind: JsonValueKind.Array } names)
            passed.UnionWith(names.EnumerateArray().Select(n => n.GetString() ?? ""));
        else if (Property(root, "nodes") is { ValueKind: JsonValueKind.Object } list && Property(list, "items") is { ValueKind: JsonValueKind.Array } items)
            passed.UnionWith(items.EnumerateArray().Select(n => Property(n, "metadata") is { } m ? Property(m, "name")?.GetString() ?? "" : ""));
        Report("failedNodes", resolvable: true);
        Report("failedAndUnresolvableNodes", resolvable: false);
        return nodes.FindAll(n => passed.Contains(n.Name));

        void Report(string property, bool resolvable)
        {
            if (Property(root, property) is not { ValueKind: JsonValueKind.Object } failed)
                return;
            foreach (var entry in failed.EnumerateObject())
            {
                if (nodes.Find(n => n.Name == entry.Name) is { } node)
                    diagnosis.Add(node, new(entry.Value.ToString(), resolvable));
            }
        }
    }

    /// <summary>Adds the extender's points for each node, weighted, to <paramref name="points"/>.</summary>
    public async Task PrioritizeAsync(PodInfo pod, List<NodeInfo> nodes, long[] points, CancellationToken cancellation)
    {
        using var answer = await PostAsync(_configuration.PrioritizeVerb, w => WriteArguments(w, pod, nodes), cancellation).ConfigureAwait(false);
        if (answer.RootElement.ValueKind != JsonValueKind.Array)
            throw new ExtenderException("the answer is no list of hosts and scores");
        foreach (var entry in answer.RootElement.EnumerateArray())
        {
            var at = nodes.FindIndex(n => n.Name == Property(entry, "host")?.GetString());
            if (at >= 0 && Property(entry, "score") is { ValueKind: JsonValueKind.Number } score)
                points[at] += score.GetInt64() * _configuration.Weight * PointsFactor;
        }
    }

    /// <summary>Binds the pod in the scheduler's place.</summary>
    public async Task BindAsync(PodInfo pod, string node, CancellationToken cancellation)
    {
        using var answer = await PostAsync(_configuration.BindVerb, w =>
        {
            w.WriteStartObject();
            w.WriteString("podName", pod.Name.Name);
            w.WriteString("podNamespace", pod.Name.Namespace);
            w.WriteString("podUID", pod.Uid);
            w.WriteString("node", node);
            w.WriteEndObject();
        }, cancellation).ConfigureAwait(false);
        if (Property(answer.RootElement, "error") is { ValueKind: JsonValueKind.String } error && error.GetString() is { Length: > 0 } why)
            throw new ExtenderException(why);
    }

    /// <summary>Which of the candidates the extender agrees to, with the victims it chose among those offered.</summary>
    public async Task<IReadOnlyList<PreemptionCandidate>> PreemptAsync(PodInfo pod, IReadOnlyList<PreemptionCandidate> candidates, CancellationToken cancellation)
    {
        using var answer = await PostAsync(_configuration.PreemptVerb, w => WritePreemption(w, pod, candidates), cancellation).ConfigureAwait(false);
        if (Property(answer.RootElement, "nodeNameToMetaVictims") is not { ValueKind: JsonValueKind.Object } agreed)
            return [];
        var left = new List<PreemptionCandidate>();
        foreach (var candidate in candidates)
        {
            if (Property(agreed, candidate.Node.Name) is not { } victims)
                continue;
            var uids = Property(victims, "pods") is { ValueKind: JsonValueKind.Array } pods
                ? pods.EnumerateArray().Select(p => Property(p, "uid")?.GetString()).ToHashSet()
                : [];
            var violations = Property(victims, "numPDBViolations") is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : 0;
            left.Add(candidate with { Victims = [.. candidate.Victims.Where(v => uids.Contains(v.Uid))], BudgetViolations = violations });
        }

        return left;
    }

    public void Dispose() => _http.Dispose();

    private void WriteArguments(Utf8JsonWriter json, PodInfo pod, List<NodeInfo> nodes)
    {
        json.WriteStartObject();
        json.WritePropertyName("pod");
        CodecTable.Find(Pod.ResourceKind)!.WriteJson(json, pod.Pod);
        if (_configuration.NodeCacheCapable)
        {
            json.WriteStartArray("nodenames");
            nodes.ForEach(n => json.WriteStringValue(n.Name));
            json.WriteEndArray();
        }
        else
        {
            var codec = CodecTable.Find(Node.ResourceKind)!;
            json.WriteStartObject("nodes");
            json.WriteStartObject("metadata");
            json.WriteEndObject();
            json.WriteStartArray("items");
            foreach (var node in nodes)
            {
                if (node.Node is { } known)
                    codec.WriteJson(json, known);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WritePreemption(Utf8JsonWriter json, PodInfo pod, IReadOnlyList<PreemptionCandidate> candidates)
    {
        var codec = CodecTable.Find(Pod.ResourceKind)!;
        json.WriteStartObject();
        json.WritePropertyName("pod");
        codec.WriteJson(json, pod.Pod);
        json.WriteStartObject(_configuration.NodeCacheCapable ? "nodeNameToMetaVictims" : "nodeNameToVictims");
        foreach (var candidate in candidates)
        {
            json.WriteStartObject(candidate.Node.Name);
            json.WriteStartArray("pods");
            foreach (var victim in candidate.Victims)
            {
                if (_configuration.NodeCacheCapable)
                {
                    json.WriteStartObject();
                    json.WriteString("uid", victim.Uid);
                    json.WriteEndObject();
                }
                else
                {
                    codec.WriteJson(json, victim.Pod);
                }
            }

            json.WriteEndArray();
            json.WriteNumber("numPDBViolations", candidate.BudgetViolations);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private async Task<JsonDocument> PostAsync(string verb, Action<Utf8JsonWriter> write, CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
            write(json);
        try
        {
            using var content = new ByteArrayContent(body.GetBuffer(), 0, (int)body.Length);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await _http.PostAsync(new Uri($"{_configuration.UrlPrefix.TrimEnd('/')}/{verb}"), content, cancellation).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                throw new ExtenderException($"failed {verb} with extender at URL {_configuration.UrlPrefix}, code {(int)response.StatusCode}");
            return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ExtenderException($"failed {verb} with extender at URL {_configuration.UrlPrefix}: {e.Message}", e);
        }
    }

    /// <summary>As Go reads it: whatever the case of the name's letters.</summary>
    private static JsonElement? Property(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return null;
        if (element.TryGetProperty(name, out var exact))
            return exact;
        foreach (var property in element.EnumerateObject())
        {
            if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase))
                return property.Value;
        }

        return null;
    }

    private static SocketsHttpHandler Handler(ExtenderConfiguration configuration)
    {
        var ssl = new SslClientAuthenticationOptions();
        if (configuration.ServerName.Length > 0)
            ssl.TargetHost = configuration.ServerName;
        if (configuration.Insecure)
        {
#pragma warning disable CA5359 // Asked for by the configuration ("insecure"), as upstream allows.
            ssl.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (Pem(configuration.CaData, configuration.CaFile) is { } ca)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPem(ca);
            ssl.CertificateChainPolicy = policy;
        }

        if (Pem(configuration.CertData, configuration.CertFile) is { } certificate && Pem(configuration.KeyData, configuration.KeyFile) is { } key)
            ssl.ClientCertificates = [X509Certificate2.CreateFromPem(certificate, key)];
        return new() { SslOptions = ssl, UseProxy = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
    }

    private static string? Pem(ReadOnlyMemory<byte> data, string file) =>
        data.Length > 0 ? System.Text.Encoding.UTF8.GetString(data.Span) : file.Length > 0 ? File.ReadAllText(file) : null;
}

/// <summary>An extender did not answer, or answered with an error.</summary>
public sealed class ExtenderException : Exception
{
    public ExtenderException()
    {
    }

    public ExtenderException(string message)
        : base(message)
    {
    }

    public ExtenderException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
