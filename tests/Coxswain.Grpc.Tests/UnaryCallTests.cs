using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;
using static Coxswain.Grpc.Tests.ScriptedServer;

namespace Coxswain.Grpc.Tests;

public sealed class UnaryCallTests
{
    private static readonly StringValue Hello = new() { Value = "hello" };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_carries_path_type_and_message_and_returns_the_answer()
    {
        string? path = null, type = null, te = null, timeout = null, token = null;
        await using var server = await StartAsync(async context =>
        {
            path = context.Request.Path;
            type = context.Request.ContentType;
            te = context.Request.Headers["te"];
            timeout = context.Request.Headers["grpc-timeout"];
            token = context.Request.Headers["token"];
            await WriteAsync(context, "you said " + await ReadAsync(context));
            End(context, 0);
        });
        using var channel = server.Connect(new() { Headers = new Dictionary<string, string> { ["token"] = "t" } });

        var answer = await channel.CallAsync(Say, Hello, TimeSpan.FromSeconds(30), Cancellation);

        Assert.Equal("you said hello", answer.Value);
        Assert.Equal(("/test.Service/Say", "application/grpc", "trailers", "30000m", "t"), (path, type, te, timeout, token));
    }

    [Fact]
    public async Task Concurrent_calls_share_the_channel_and_get_their_own_answers()
    {
        await using var server = await StartAsync(async context =>
        {
            await WriteAsync(context, (await ReadAsync(context))!);
            End(context, 0);
        });
        using var channel = server.Connect();

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i =>
            channel.CallAsync(Say, new StringValue { Value = $"{i}" }, TimeSpan.FromSeconds(30), Cancellation)));

        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"{i}"), answers.Select(a => a.Value));
    }

    [Theory]
    [InlineData(5, GrpcStatusCode.NotFound)]
    [InlineData(9, GrpcStatusCode.FailedPrecondition)]
    [InlineData(99, GrpcStatusCode.Unknown)]
    public async Task A_refusal_in_the_trailers_keeps_its_code_and_its_words(int status, GrpcStatusCode code)
    {
        await using var server = await StartAsync(async context =>
        {
            await ReadAsync(context);
            context.Response.ContentType = "application/grpc";
            await context.Response.StartAsync();
            End(context, status, "no such thing: \"ä\" 100%");
        });
        using var channel = server.Connect();

        var failure = await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Say, Hello, null, Cancellation));

        Assert.Equal((code, "no such thing: \"ä\" 100%"), (failure.Code, failure.Detail));
    }

    [Fact]
    public async Task A_web_page_is_no_answer()
    {
        await using var server = await StartAsync(context => context.Response.WriteAsync("<html>"));
        using var channel = server.Connect();

        var failure = await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Say, Hello, null, Cancellation));

        Assert.Contains("does not speak gRPC", failure.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_in_the_headers_alone_is_understood()
    {
        await using var server = await StartAsync(context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "12";
            context.Response.Headers["grpc-message"] = "unknown%20method";
            return Task.CompletedTask;
        });
        using var channel = server.Connect();

        var failure = await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Say, Hello, null, Cancellation));

        Assert.Equal((GrpcStatusCode.Unimplemented, "unknown method"), (failure.Code, failure.Detail));
    }

    [Theory]
    [InlineData(503, GrpcStatusCode.Unavailable)]
    [InlineData(404, GrpcStatusCode.Unimplemented)]
    [InlineData(403, GrpcStatusCode.PermissionDenied)]
    [InlineData(500, GrpcStatusCode.Unknown)]
    public async Task An_http_failure_becomes_a_status(int http, GrpcStatusCode code)
    {
        await using var server = await StartAsync(context =>
        {
            context.Response.StatusCode = http;
            return Task.CompletedTask;
        });
        using var channel = server.Connect();

        Assert.Equal(code, (await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Say, Hello, null, Cancellation))).Code);
    }

    [Fact]
    public async Task A_deadline_ends_the_call_although_the_server_says_nothing()
    {
        await using var server = await StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var channel = server.Connect();

        var failure = await Assert.ThrowsAsync<GrpcException>(() =>
            channel.CallAsync(Say, Hello, TimeSpan.FromMilliseconds(50), Cancellation));

        Assert.Equal(GrpcStatusCode.DeadlineExceeded, failure.Code);
    }

    [Fact]
    public async Task The_callers_cancellation_is_a_cancellation_and_reaches_the_server()
    {
        var arrived = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        await using var server = await StartAsync(async context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            arrived.SetResult();
            await aborted.Task;
        });
        using var channel = server.Connect();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        var call = channel.CallAsync(Say, Hello, TimeSpan.FromSeconds(30), cancel.Token);
        await arrived.Task.WaitAsync(Cancellation);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
    }

    [Fact]
    public async Task No_server_is_unavailable()
    {
        using var channel = GrpcChannel.ForUnixSocket("/nonexistent/socket", new());

        Assert.Equal(GrpcStatusCode.Unavailable,
            (await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Say, Hello, null, Cancellation))).Code);
    }

    [Fact]
    public async Task A_channel_outlives_its_server()
    {
        RequestDelegate echo = async context =>
        {
            await WriteAsync(context, (await ReadAsync(context))!);
            End(context, 0);
        };
        var folder = Directory.CreateTempSubdirectory("coxswain-grpc-").FullName;
        var link = Path.Combine(folder, "socket");
        try
        {
            var first = await StartAsync(echo);
            File.CreateSymbolicLink(link, first.SocketPath);
            using var channel = GrpcChannel.ForUnixSocket(link, new());
            Assert.Equal("hello", (await channel.CallAsync(Say, Hello, null, Cancellation)).Value);
            await first.DisposeAsync();
            File.Delete(link);

            var failure = await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Say, Hello, null, Cancellation));
            Assert.Equal(GrpcStatusCode.Unavailable, failure.Code);

            await using var second = await StartAsync(echo);
            File.CreateSymbolicLink(link, second.SocketPath);
            Assert.Equal("hello", (await channel.CallAsync(Say, Hello, null, Cancellation)).Value);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_message_beyond_the_limit_is_refused_both_ways()
    {
        await using var server = await StartAsync(async context =>
        {
            await ReadAsync(context);
            await WriteAsync(context, new string('x', 2000));
            End(context, 0);
        });
        using var channel = server.Connect(new() { MaxReceiveMessageSize = 1000, MaxSendMessageSize = 1000 });

        var received = await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Say, Hello, null, Cancellation));
        var sent = await Assert.ThrowsAsync<GrpcException>(() =>
            channel.CallAsync(Say, new StringValue { Value = new string('x', 2000) }, null, Cancellation));

        Assert.Equal((GrpcStatusCode.ResourceExhausted, GrpcStatusCode.ResourceExhausted), (received.Code, sent.Code));
        Assert.Contains("2003 bytes, the limit is 1000", received.Detail, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> BrokenBodies => new()
    {
        { "ended inside the prefix", [0, 0] },
        { "ended inside a message", [0, 0, 0, 0, 9, 1] },
        { "compressed", [1, 0, 0, 0, 0] },
        { "not a message", [0, 0, 0, 0, 2, 0x0a, 0x7f] },
        { "two answers", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "without an answer", [] },
    };

    [Theory]
    [MemberData(nameof(BrokenBodies))]
    public async Task A_broken_answer_is_an_internal_error_that_says_what_is_wrong(string says, byte[] body)
    {
        await using var server = await StartAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.StartAsync();
            await context.Response.Body.WriteAsync(body);
            End(context, 0);
        });
        using var channel = server.Connect();

        var failure = await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Say, Hello, null, Cancellation));

        Assert.Equal(GrpcStatusCode.Internal, failure.Code);
        Assert.Contains(says, failure.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_without_status_is_no_success()
    {
        await using var server = await StartAsync(async context => await WriteAsync(context, "fine?"));
        using var channel = server.Connect();

        var failure = await Assert.ThrowsAsync<GrpcException>(() => channel.CallAsync(Say, Hello, null, Cancellation));

        Assert.Contains("without a status", failure.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.2, "1m")]
    [InlineData(1500, "1500m")]
    [InlineData(99_999_999, "99999999m")]
    [InlineData(100_000_000, "100000S")]
    public void A_deadline_fits_into_eight_digits(double milliseconds, string header) =>
        Assert.Equal(header, GrpcTimeout.Format(TimeSpan.FromMilliseconds(milliseconds)));
}
