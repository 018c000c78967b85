using Google.Protobuf.WellKnownTypes;
using static Coxswain.Grpc.Tests.ScriptedServer;

namespace Coxswain.Grpc.Tests;

public sealed class StreamingCallTests
{
    private static readonly StringValue Hello = new() { Value = "hello" };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Answers_arrive_one_by_one_and_the_failure_after_them_is_not_lost()
    {
        await using var server = await StartAsync(async context =>
        {
            await WriteAsync(context, "one");
            await WriteAsync(context, "two");
            End(context, 11, "compacted");
        });
        using var channel = server.Connect();
        var seen = new List<string>();

        var failure = await Assert.ThrowsAsync<GrpcException>(async () =>
        {
            await foreach (var answer in channel.StreamAsync(Say, Hello, null, Cancellation))
                seen.Add(answer.Value);
        });

        Assert.Equal(["one", "two"], seen);
        Assert.Equal((GrpcStatusCode.OutOfRange, "compacted"), (failure.Code, failure.Detail));
    }

    [Fact]
    public async Task Leaving_the_enumeration_ends_the_call_on_the_server()
    {
        var aborted = new TaskCompletionSource();
        await using var server = await StartAsync(async context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            await WriteAsync(context, "one");
            await aborted.Task;
        });
        using var channel = server.Connect();

        await foreach (var answer in channel.StreamAsync(Say, Hello, null, Cancellation))
        {
            Assert.Equal("one", answer.Value);
            break;
        }

        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
    }

    [Fact]
    public async Task In_a_duplex_call_both_sides_speak_in_turns_until_the_writer_is_done()
    {
        await using var server = await StartAsync(async context =>
        {
            while (await ReadAsync(context) is { } said)
                await WriteAsync(context, "echo " + said);
            End(context, 0);
        });
        using var channel = server.Connect();
        await using var call = channel.OpenDuplex(Say, null, Cancellation);

        await call.WriteAsync(new() { Value = "a" }, Cancellation);
        Assert.Equal("echo a", (await call.ReadAsync())!.Value);
        await call.WriteAsync(new() { Value = "b" }, Cancellation);
        Assert.Equal("echo b", (await call.ReadAsync())!.Value);
        call.CompleteWriting();

        Assert.Null(await call.ReadAsync());
    }

    [Fact]
    public async Task A_duplex_call_may_be_answered_before_anything_was_written()
    {
        await using var server = await StartAsync(async context =>
        {
            await WriteAsync(context, "welcome");
            Assert.Null(await ReadAsync(context));
            End(context, 0);
        });
        using var channel = server.Connect();
        await using var call = channel.OpenDuplex(Say, null, Cancellation);

        Assert.Equal("welcome", (await call.ReadAsync())!.Value);
        call.CompleteWriting();
        Assert.Null(await call.ReadAsync());
    }

    [Fact]
    public async Task Disposing_a_duplex_call_ends_it_on_the_server_and_fails_a_late_write()
    {
        var aborted = new TaskCompletionSource();
        await using var server = await StartAsync(async context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            await WriteAsync(context, "one");
            await aborted.Task;
        });
        using var channel = server.Connect();
        var call = channel.OpenDuplex(Say, null, Cancellation);
        Assert.Equal("one", (await call.ReadAsync())!.Value);

        await call.DisposeAsync();

        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
        await Assert.ThrowsAnyAsync<Exception>(async () => await call.WriteAsync(Hello, Cancellation));
    }

    [Fact]
    public async Task A_duplex_call_to_nobody_fails_both_reader_and_writer()
    {
        using var channel = GrpcChannel.ForUnixSocket("/nonexistent/socket", new());
        await using var call = channel.OpenDuplex(Say, TimeSpan.FromSeconds(10), Cancellation);

        var read = await Assert.ThrowsAsync<GrpcException>(async () => await call.ReadAsync());
        var write = await Assert.ThrowsAsync<GrpcException>(async () => await call.WriteAsync(Hello, Cancellation));

        Assert.Equal((GrpcStatusCode.Unavailable, GrpcStatusCode.Unavailable), (read.Code, write.Code));
    }
}
