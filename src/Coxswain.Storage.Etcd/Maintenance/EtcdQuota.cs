using System.Collections.Concurrent;
using System.Globalization;
using Coxswain.Storage.Etcd.Connections;

namespace Coxswain.Storage.Etcd.Maintenance;

/// <summary>The size at which a member refuses writes. Before 3.6 only its metrics tell; they are read once.</summary>
internal sealed class EtcdQuota(EtcdStoreOptions options, EtcdTls tls) : IDisposable
{
    private const string Metric = "etcd_server_quota_backend_bytes ";

    private readonly ConcurrentDictionary<Uri, long> _known = [];
    private readonly Lazy<HttpMessageInvoker> _http = new(() => new(MakeHandler(options, tls)));

    /// <returns>0: not known.</returns>
    public async Task<long> GetAsync(Uri address, CancellationToken cancellation)
    {
        if (_known.TryGetValue(address, out var known))
            return known;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.ProbeTimeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, "/metrics"));
            using var response = await _http.Value.SendAsync(request, limit.Token);
            if (!response.IsSuccessStatusCode)
                return 0;
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));
            while (await reader.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.StartsWith(Metric, StringComparison.Ordinal)
                    && double.TryParse(line.AsSpan(Metric.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out var bytes) && bytes > 0)
                {
                    return _known[address] = (long)bytes;
                }
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // The metrics may be served elsewhere, or to others only.
        }

        return 0;
    }

    public void Dispose()
    {
        if (_http.IsValueCreated)
            _http.Value.Dispose();
    }

    private static SocketsHttpHandler MakeHandler(EtcdStoreOptions options, EtcdTls tls)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = options.ProbeTimeout };
        if (options.Endpoints.FirstOrDefault(address => tls.For(address) is not null) is { } secure)
            handler.SslOptions = tls.For(secure)!;
        return handler;
    }
}
