using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Client;

/// <summary><see cref="IApiClient"/> over HTTP/2 (or 1.1), for a server in another process.</summary>
/// <remarks>Safe for concurrent use. A request that the server puts off (429 or 503 with Retry-After) is sent again up to ten times.
/// A read whose connection breaks is sent again once; a write never is, since its outcome is unknown.</remarks>
public sealed class HttpApiClient : IApiClient, IDisposable
{
    private const string Json = "application/json";
    private const string ProtobufType = "application/vnd.kubernetes.protobuf";
    private const string Partial = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
    private const string PartialList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
    private const int MostAttempts = 10;

    private static readonly ObjectCodec PartialCodec = CodecTable.Find(PartialObjectMetadata.ResourceKind)!;

    private readonly ClientConfig _config;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;
    private readonly TokenSource _token;

    public HttpApiClient(ClientConfig config, TimeProvider clock) : this(config, clock, HttpConnection.Open(config))
    {
    }

    /// <summary>A client whose connections are made by the caller's handler, which it takes over.</summary>
    public HttpApiClient(ClientConfig config, TimeProvider clock, HttpMessageHandler handler)
    {
        _config = config;
        _clock = clock;
        _token = new(config, clock);
        _http = new(handler)
        {
            BaseAddress = config.Server,
            Timeout = Timeout.InfiniteTimeSpan,     // each request has its own
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
    }

    public void Dispose() => _http.Dispose();

    public async Task<T> GetAsync<T>(NamespacedName name, CancellationToken cancellation) where T : class, IResource<T> =>
        (T)ReadObject(await SendAsync(HttpMethod.Get, PathOf<T>(name), null, Accept(T.Descriptor.Codec), cancellation).ConfigureAwait(false), T.Descriptor.Codec);

    public async Task<T?> FindAsync<T>(NamespacedName name, CancellationToken cancellation) where T : class, IResource<T>
    {
        try
        {
            return await GetAsync<T>(name, cancellation).ConfigureAwait(false);
        }
        catch (ApiException missing) when (missing.Code == 404)
        {
            return null;
        }
    }

    public async Task<ResourceList<T>> ListAsync<T>(ListQuery query, CancellationToken cancellation) where T : class, IResource<T> =>
        ListReader.Read<T>((await SendAsync(HttpMethod.Get, ApiPaths.Of(T.Descriptor.Resource, query), null, Json, cancellation).ConfigureAwait(false)).Bytes,
            T.Descriptor.Codec);

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(WatchQuery query, CancellationToken cancellation) where T : class, IResource<T> =>
        FollowAsync<T>(ApiPaths.Of(T.Descriptor.Resource, query), Json, T.Descriptor.Codec, cancellation);

    public Task<T> CreateAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T> =>
        WriteAsync(HttpMethod.Post, ApiPaths.Of(T.Descriptor.Resource, resource.Metadata.Namespace), resource, cancellation);

    public Task<T> UpdateAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T> =>
        WriteAsync(HttpMethod.Put, PathOf<T>(resource.FullName()), resource, cancellation);

    public Task<T> UpdateStatusAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T> =>
        WriteAsync(HttpMethod.Put, PathOf<T>(resource.FullName(), "status"), resource, cancellation);

    public async Task<T> PatchAsync<T>(NamespacedName name, Patch patch, CancellationToken cancellation, string subresource = "")
        where T : class, IResource<T> =>
        (T)ReadObject(await PatchAsync(PathOf<T>(name, subresource), patch, Accept(T.Descriptor.Codec), cancellation).ConfigureAwait(false), T.Descriptor.Codec);

    public Task DeleteAsync<T>(NamespacedName name, DeleteOptions? options, CancellationToken cancellation) where T : class, IResource<T> =>
        DeletePartialAsync(T.Descriptor.Resource, name, options, cancellation);

    public Task DeleteCollectionAsync<T>(ListQuery query, DeleteOptions? options, CancellationToken cancellation) where T : class, IResource<T> =>
        DeleteCollectionPartialAsync(T.Descriptor.Resource, query, options, cancellation);

    public async Task<TResult> GetSubresourceAsync<T, TResult>(NamespacedName name, string subresource, CancellationToken cancellation)
        where T : class, IResource<T> where TResult : class, IKubernetesObject =>
        Cast<TResult>(await SendAsync(HttpMethod.Get, PathOf<T>(name, subresource), null, Json, cancellation).ConfigureAwait(false));

    public async Task<TResult> CreateSubresourceAsync<T, TBody, TResult>(NamespacedName name, string subresource, TBody body,
        CancellationToken cancellation)
        where T : class, IResource<T> where TBody : class, IKubernetesObject where TResult : class, IKubernetesObject =>
        Cast<TResult>(await SendAsync(HttpMethod.Post, PathOf<T>(name, subresource), Body(body), Json, cancellation).ConfigureAwait(false));

    public async Task<TResult> UpdateSubresourceAsync<T, TBody, TResult>(NamespacedName name, string subresource, TBody body,
        CancellationToken cancellation)
        where T : class, IResource<T> where TBody : class, IKubernetesObject where TResult : class, IKubernetesObject =>
        Cast<TResult>(await SendAsync(HttpMethod.Put, PathOf<T>(name, subresource), Body(body), Json, cancellation).ConfigureAwait(false));

    public async Task<TResult> GetSubresourceAsync<TResult>(GroupVersionResource resource, NamespacedName name, string subresource, CancellationToken cancellation)
        where TResult : class, IKubernetesObject =>
        Cast<TResult>(await SendAsync(HttpMethod.Get, ApiPaths.Of(resource, name.Namespace, name.Name, subresource), null, Json, cancellation).ConfigureAwait(false));

    public async Task<TBody> UpdateSubresourceAsync<TBody>(GroupVersionResource resource, NamespacedName name, string subresource, TBody body,
        CancellationToken cancellation) where TBody : class, IKubernetesObject =>
        Cast<TBody>(await SendAsync(HttpMethod.Put, ApiPaths.Of(resource, name.Namespace, name.Name, subresource), JsonBody(body), Json, cancellation)
            .ConfigureAwait(false));

    public async Task<ReadOnlyMemory<byte>> GetRawAsync(string pathAndQuery, CancellationToken cancellation) =>
        (await SendAsync(HttpMethod.Get, pathAndQuery, null, Json, cancellation).ConfigureAwait(false)).Bytes;

    public Task<IReadOnlyList<ServedResource>> ServerResourcesAsync(CancellationToken cancellation) =>
        new DiscoveryReader(async (path, accept, c) => (await SendAsync(HttpMethod.Get, path, null, accept, c).ConfigureAwait(false)).Bytes)
            .ReadAsync(cancellation);

    public async Task<PartialObjectMetadata?> FindPartialAsync(GroupVersionResource resource, NamespacedName name, CancellationToken cancellation)
    {
        try
        {
            var path = ApiPaths.Of(resource, name.Namespace, name.Name);
            return (PartialObjectMetadata)PartialCodec.ReadJson((await SendAsync(HttpMethod.Get, path, null, Partial, cancellation).ConfigureAwait(false)).Bytes, null);
        }
        catch (ApiException missing) when (missing.Code == 404)
        {
            return null;
        }
    }

    public async Task<ResourceList<PartialObjectMetadata>> ListPartialAsync(GroupVersionResource resource, ListQuery query, CancellationToken cancellation) =>
        ListReader.Read<PartialObjectMetadata>(
            (await SendAsync(HttpMethod.Get, ApiPaths.Of(resource, query), null, PartialList, cancellation).ConfigureAwait(false)).Bytes, PartialCodec);

    public IAsyncEnumerable<WatchEvent<PartialObjectMetadata>> WatchPartialAsync(GroupVersionResource resource, WatchQuery query,
        CancellationToken cancellation) =>
        FollowAsync<PartialObjectMetadata>(ApiPaths.Of(resource, query), Partial, PartialCodec, cancellation);

    public async Task<PartialObjectMetadata> PatchPartialAsync(GroupVersionResource resource, NamespacedName name, Patch patch,
        CancellationToken cancellation) =>
        (PartialObjectMetadata)PartialCodec.ReadJson(
            (await PatchAsync(ApiPaths.Of(resource, name.Namespace, name.Name), patch, Partial, cancellation).ConfigureAwait(false)).Bytes, null);

    public Task DeletePartialAsync(GroupVersionResource resource, NamespacedName name, DeleteOptions? options, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Delete, ApiPaths.Of(resource, name.Namespace, name.Name), options is null ? null : JsonBody(options), Json, cancellation);

    public Task DeleteCollectionPartialAsync(GroupVersionResource resource, ListQuery query, DeleteOptions? options, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Delete, ApiPaths.Of(resource, query), options is null ? null : JsonBody(options), Json, cancellation);

    /// <summary>Sends a JSON document to any path of the server and gives the lines of the answer as they come. Has no deadline.</summary>
    /// <exception cref="ApiException">The server refused.</exception>
    public async IAsyncEnumerable<string> PostForLinesAsync(string path, ReadOnlyMemory<byte> json, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var request = Request(HttpMethod.Post, path, new(json, Json), Json);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw Refusal(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false));
        while (await reader.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
            yield return line;
    }

    private static string PathOf<T>(NamespacedName name, string subresource = "") where T : class, IResource<T> =>
        ApiPaths.Of(T.Descriptor.Resource, name.Namespace, name.Name, subresource);

    private async Task<T> WriteAsync<T>(HttpMethod method, string path, T resource, CancellationToken cancellation) where T : class, IResource<T> =>
        (T)ReadObject(await SendAsync(method, path, Body(resource), Accept(T.Descriptor.Codec), cancellation).ConfigureAwait(false), T.Descriptor.Codec);

    private Task<Answer> PatchAsync(string path, Patch patch, string accept, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, ApiPaths.WithQuery(path, ("fieldManager", patch.FieldManager), ("force", patch.Force ? "true" : "")),
            new(patch.Body, patch.ContentType), accept, cancellation);

    private string Accept(ObjectCodec codec) => _config.Protobuf && codec.HasProtobuf ? ProtobufType + "," + Json : Json;

    private RequestBody Body(IKubernetesObject value) =>
        _config.Protobuf && CodecOf(value.GroupVersionKind) is { HasProtobuf: true } codec
            ? new(ProtobufEnvelope.ToBytes(codec, value), ProtobufType)
            : JsonBody(value);

    private static RequestBody JsonBody(IKubernetesObject value) => new(CodecOf(value.GroupVersionKind).ToJson(value), Json);

    private static ObjectCodec CodecOf(GroupVersionKind kind) =>
        CodecTable.Find(kind) ?? throw new ArgumentException($"There is no codec for {kind}.", nameof(kind));

    private static IKubernetesObject ReadObject(Answer answer, ObjectCodec codec) =>
        ProtobufEnvelope.IsEnvelope(answer.Bytes)
            ? codec.ReadProtobuf(ProtobufEnvelope.Read(answer.Bytes).Message.Span)
            : codec.ReadJson(answer.Bytes, null);

    /// <summary>The answer's own kind says how it is read; a server may answer with a Status where an object was asked for.</summary>
    private static TResult Cast<TResult>(Answer answer) where TResult : class, IKubernetesObject
    {
        var kind = ListReader.KindOf(answer.Bytes);
        var codec = CodecTable.Find(kind) ?? throw new DecodeException($"no kind \"{kind.Kind}\" is known for version \"{kind.ApiVersion}\"");
        return codec.ReadJson(answer.Bytes, null) as TResult
            ?? throw new DecodeException($"the server answered with a {kind.Kind} where a {typeof(TResult).Name} was expected");
    }

    private async Task<Answer> SendAsync(HttpMethod method, string path, RequestBody? body, string accept, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var limited = new CancellationTokenSource(_config.Timeout, _clock);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limited.Token);
            try
            {
                using var request = Request(method, path, body, accept);
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, both.Token).ConfigureAwait(false);
                var bytes = await response.Content.ReadAsByteArrayAsync(both.Token).ConfigureAwait(false);
                if (response.IsSuccessStatusCode)
                    return new(bytes);
                if (attempt < MostAttempts && PutOff(response) is { } wait)
                {
                    await Task.Delay(wait, _clock, cancellation).ConfigureAwait(false);
                    continue;
                }
                throw Refusal(response.StatusCode, bytes);
            }
            catch (OperationCanceledException) when (limited.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                throw new TimeoutException($"{method} {path}: no answer within {_config.Timeout.TotalSeconds:0} s");
            }
            catch (HttpRequestException) when (method == HttpMethod.Get && attempt == 1)
            {
                // A kept connection may have died unnoticed; reading twice harms nobody.
            }
        }
    }

    private async IAsyncEnumerable<WatchEvent<T>> FollowAsync<T>(string path, string accept, ObjectCodec codec,
        [EnumeratorCancellation] CancellationToken cancellation) where T : class, IMetadataObject
    {
        using var request = Request(HttpMethod.Get, path, null, accept);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw Refusal(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await foreach (var change in WatchReader.ReadAsync<T>(stream, codec, cancellation).ConfigureAwait(false))
            yield return change;
    }

    private HttpRequestMessage Request(HttpMethod method, string path, RequestBody? body, string accept)
    {
        var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("User-Agent", _config.UserAgent);
        if (_token.Current is { Length: > 0 } token)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        else if (_config.Username.Length > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic",
                Convert.ToBase64String(Encoding.UTF8.GetBytes($"{_config.Username}:{_config.Password}")));
        if (_config.ImpersonateUser.Length > 0)
            request.Headers.TryAddWithoutValidation("Impersonate-User", _config.ImpersonateUser);
        foreach (var group in _config.ImpersonateGroups)
            request.Headers.TryAddWithoutValidation("Impersonate-Group", group);
        if (body is { } given)
        {
            request.Content = new ReadOnlyMemoryContent(given.Bytes);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", given.ContentType);
        }
        return request;
    }

    private static TimeSpan? PutOff(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter?.Delta is { } wait
            ? wait
            : null;

    private static ApiException Refusal(HttpStatusCode code, byte[] body)
    {
        try
        {
            if (ProtobufEnvelope.IsEnvelope(body) && ProtobufEnvelope.Read(body) is { Kind: "Status" } document)
                return new((Status)CodecTable.Find(Status.ResourceKind)!.ReadProtobuf(document.Message.Span));
            if (ListReader.KindOf(body).Kind == "Status" && CodecTable.Find(Status.ResourceKind)!.ReadJson(body, null) is Status status)
                return new(status.Code == 0 ? status with { Code = (int)code } : status);
        }
        catch (DecodeException)
        {
            // Something between us and the server answered; its words must do.
        }
        var text = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 1024)));
        return new(new()
        {
            Code = (int)code,
            StatusValue = "Failure",
            Reason = code switch
            {
                HttpStatusCode.NotFound => StatusReason.NotFound,
                HttpStatusCode.Unauthorized => StatusReason.Unauthorized,
                HttpStatusCode.Forbidden => StatusReason.Forbidden,
                _ => "",
            },
            Message = text.Length > 0 ? text : string.Create(CultureInfo.InvariantCulture, $"the server answered with {(int)code}"),
        });
    }

    private readonly record struct RequestBody(ReadOnlyMemory<byte> Bytes, string ContentType);

    private readonly record struct Answer(byte[] Bytes);
}
