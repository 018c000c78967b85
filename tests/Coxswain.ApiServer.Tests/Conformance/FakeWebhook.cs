using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Coxswain.ApiServer.Tests.Conformance;

/// <summary>A webhook server on TLS: answers every POST with what a function makes of the document; remembers what it was asked.</summary>
internal sealed class FakeWebhook : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly X509Certificate2 _certificate;
    private readonly Func<string, JsonNode, Task<JsonNode>> _answer;
    private readonly Task _accepting;
    private readonly ConcurrentBag<Task> _connections = [];

    /// <param name="answer">From the path and the posted document to the answer.</param>
    /// <param name="names">DNS names of its certificate beside its address.</param>
    public FakeWebhook(Func<string, JsonNode, Task<JsonNode>> answer, params string[] names)
    {
        _answer = answer;
        _certificate = SelfSigned(names);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public FakeWebhook(Func<string, JsonNode, JsonNode> answer, params string[] names)
        : this((path, question) => Task.FromResult(answer(path, question)), names)
    {
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url(string path) => $"https://127.0.0.1:{Port}{path}";

    /// <summary>In PEM and base64, as configurations hold it.</summary>
    public string CaBundle => Convert.ToBase64String(Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem()));

    public ConcurrentQueue<JsonNode> Questions { get; } = [];

    /// <summary>An admission answer to a question.</summary>
    public static JsonNode Review(JsonNode question, bool allowed, JsonNode? patch = null, string? message = null, params string[] warnings)
    {
        var response = new JsonObject { ["uid"] = (string?)question["request"]!["uid"], ["allowed"] = allowed };
        if (patch is not null)
        {
            response["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch.ToJsonString()));
            response["patchType"] = "JSONPatch";
        }

        if (message is not null)
            response["status"] = new JsonObject { ["message"] = message };
        if (warnings.Length > 0)
            response["warnings"] = new JsonArray([.. warnings.Select(w => (JsonNode)w)]);
        return new JsonObject { ["apiVersion"] = "admission.k8s.io/v1", ["kind"] = "AdmissionReview", ["response"] = response };
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _connections.Add(ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // It is being disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            await using (var tls = new SslStream(client.GetStream()))
            {
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
                while (await ReadAsync(tls) is { } request)
                {
                    Questions.Enqueue(request.Body);
                    var answer = Encoding.UTF8.GetBytes((await _answer(request.Path, request.Body)).ToJsonString());
                    await tls.WriteAsync(Encoding.ASCII.GetBytes(
                        $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {answer.Length}\r\n\r\n"), _stop.Token);
                    await tls.WriteAsync(answer, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or AuthenticationException or SocketException)
        {
            // The caller left, or does not trust us: both are what tests are about.
        }
    }

    private async Task<(string Path, JsonNode Body)?> ReadAsync(Stream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (!(head.Count > 3 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n'))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
                return null;
            head.Add(one[0]);
        }

        var lines = Encoding.ASCII.GetString([.. head]).Split("\r\n");
        var length = int.Parse(lines.First(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Split(':')[1].Trim(), null);
        var body = new byte[length];
        await stream.ReadExactlyAsync(body, _stop.Token);
        return (lines[0].Split(' ')[1].Split('?')[0], JsonNode.Parse(body)!);
    }

    private static X509Certificate2 SelfSigned(string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=webhook", key, HashAlgorithmName.SHA256);
        var san = new SubjectAlternativeNameBuilder();
        san.AddIpAddress(IPAddress.Loopback);
        foreach (var name in names)
            san.AddDnsName(name);
        request.CertificateExtensions.Add(san.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var bare = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(24));
        return X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _certificate.Dispose();
        _stop.Dispose();
    }
}
