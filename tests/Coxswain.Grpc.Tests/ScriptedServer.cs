using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Coxswain.Grpc.Tests;

/// <summary>An HTTP/2 server on a Unix socket that answers exactly as a test says, well or badly.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private ScriptedServer(WebApplication app, string folder)
    {
        _app = app;
        _folder = folder;
    }

    public static GrpcMethod<StringValue, StringValue> Say { get; } = new("test.Service", "Say", StringValue.Parser);

    public string SocketPath => Path.Combine(_folder, "s");

    public static async Task<ScriptedServer> StartAsync(RequestDelegate answer)
    {
        var folder = Directory.CreateTempSubdirectory("coxswain-grpc-").FullName;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.ListenUnixSocket(Path.Combine(folder, "s"), l => l.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new ScriptedServer(app, folder);
    }

    public GrpcChannel Connect(GrpcChannelOptions? options = null) => GrpcChannel.ForUnixSocket(SocketPath, options ?? new());

    public static byte[] Frame(string text)
    {
        var message = new StringValue { Value = text }.ToByteArray();
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public static async Task<string?> ReadAsync(HttpContext context)
    {
        var prefix = new byte[5];
        if (await context.Request.Body.ReadAtLeastAsync(prefix, 5, throwOnEndOfStream: false) == 0)
            return null;
        var message = new byte[BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(1))];
        await context.Request.Body.ReadExactlyAsync(message);
        return StringValue.Parser.ParseFrom(message).Value;
    }

    public static async Task WriteAsync(HttpContext context, string text)
    {
        if (!context.Response.HasStarted)
            context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(Frame(text));
        await context.Response.Body.FlushAsync();
    }

    public static void End(HttpContext context, int status, string message = "")
    {
        if (!context.Response.HasStarted)
            context.Response.ContentType = "application/grpc";
        context.Response.AppendTrailer("grpc-status", status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (message.Length > 0)
            context.Response.AppendTrailer("grpc-message", Uri.EscapeDataString(message));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
