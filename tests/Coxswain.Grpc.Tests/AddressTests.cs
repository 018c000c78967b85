using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Coxswain.Grpc.Tests;

public sealed class AddressTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_channel_over_tcp_speaks_http2_at_once()
    {
        await using var server = await StartAsync(certificate: null);
        using var channel = GrpcChannel.ForAddress(new Uri(server.Urls.First()), new());

        Assert.Equal("HTTP/2 ", (await CallAsync(channel)).Value);
    }

    [Fact]
    public async Task A_channel_over_tls_trusts_whom_it_is_told_and_shows_its_certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=etcd", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        await using var server = await StartAsync(certificate);
        using var trusting = GrpcChannel.ForAddress(new Uri(server.Urls.First()), new()
        {
            Tls = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, peer, _, _) => peer?.Subject == "CN=etcd",
                ClientCertificates = [certificate],
            },
        });
        using var strict = GrpcChannel.ForAddress(new Uri(server.Urls.First()), new());

        Assert.Equal("HTTP/2 CN=etcd", (await CallAsync(trusting)).Value);
        Assert.Equal(GrpcStatusCode.Unavailable, (await Assert.ThrowsAsync<GrpcException>(() => CallAsync(strict))).Code);
    }

    private static Task<StringValue> CallAsync(GrpcChannel channel) =>
        channel.CallAsync(ScriptedServer.Say, new StringValue { Value = "x" }, TimeSpan.FromSeconds(30), Cancellation);

    /// <summary>Answers with the protocol and the caller's certificate.</summary>
    private static async Task<WebApplication> StartAsync(X509Certificate2? certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (certificate is not null)
            {
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.ClientCertificateValidation = (peer, _, _) => peer.Subject == "CN=etcd";
                });
            }
        }));
        var app = builder.Build();
        app.Run(async context =>
        {
            await ScriptedServer.ReadAsync(context);
            await ScriptedServer.WriteAsync(context, $"{context.Request.Protocol} {context.Connection.ClientCertificate?.Subject}");
            ScriptedServer.End(context, 0);
        });
        await app.StartAsync(Cancellation);
        return app;
    }
}
