using System.Diagnostics;
using System.Globalization;
using System.Text;
using Coxswain.Api;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Http;

/// <summary>/debug/pprof/: what a running server can say of itself without a tool, under the paths where operators of Go programs look.</summary>
/// <remarks>Text only. Profiles over time (profile, trace, symbol) are in Go's own format and about Go's runtime; they are not there, and
/// dotnet-trace and dotnet-counters take their place.</remarks>
internal sealed class ProfilingPages(TimeProvider clock) : IPathHandler
{
    private const string Root = "/debug/pprof";
    private const string PlainText = "text/plain; charset=utf-8";
    private readonly long _started = clock.GetTimestamp();

    public async ValueTask<bool> TryHandleAsync(HttpContext context, ApiRequest request, CancellationToken cancellation)
    {
        var path = request.Info.Path;
        if (!path.StartsWith(Root, StringComparison.Ordinal))
            return false;
        if (path == Root)
        {
            context.Response.Headers.Location = Root + "/";
            context.Response.StatusCode = 301;
            return true;
        }

        var text = path[Root.Length..] switch
        {
            "/" => Index(),
            "/cmdline" => string.Join('\0', Environment.GetCommandLineArgs()),
            "/heap" or "/allocs" => Heap(),
            "/goroutine" => Work(),
            "/threadcreate" => Threads(),
            _ => null,
        };
        if (text is null)
            return false;
        if (!HttpMethods.IsGet(context.Request.Method))
            throw new ApiException(Statuses.MethodNotAllowed());
        context.Response.ContentType = PlainText;
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        await context.Response.WriteAsync(text, cancellation);
        return true;
    }

    private static string Index() =>
        """
        /debug/pprof/

        cmdline        the command line, its arguments separated by NUL
        heap           memory: what is allocated, collected and resident
        goroutine      work: the thread pool's threads, its queue, timers
        threadcreate   threads of the process, with their processor time

        """;

    private static string Heap()
    {
        var info = GC.GetGCMemoryInfo(GCKind.Any);
        using var process = Process.GetCurrentProcess();
        var text = new StringBuilder("# memory of the process\n");
        Line("HeapAlloc", GC.GetTotalMemory(forceFullCollection: false));
        Line("TotalAlloc", GC.GetTotalAllocatedBytes());
        Line("HeapInuse", info.HeapSizeBytes);
        Line("HeapIdle", info.TotalCommittedBytes - info.HeapSizeBytes);
        Line("Sys", info.TotalCommittedBytes);
        Line("Fragmented", info.FragmentedBytes);
        Line("Resident", process.WorkingSet64);
        Line("NumGC", GC.CollectionCount(0));
        Line("NumGC1", GC.CollectionCount(1));
        Line("NumGC2", GC.CollectionCount(2));
        Line("PauseTotalNs", GC.GetTotalPauseDuration().Ticks * 100);
        return text.ToString();

        void Line(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"# {name} = {value}\n");
    }

    private string Work()
    {
        ThreadPool.GetMinThreads(out var min, out _);
        ThreadPool.GetMaxThreads(out var max, out _);
        return string.Create(CultureInfo.InvariantCulture, $"""
            # work of the process
            # PoolThreads = {ThreadPool.ThreadCount}
            # PoolThreadsMin = {min}
            # PoolThreadsMax = {max}
            # WorkItemsPending = {ThreadPool.PendingWorkItemCount}
            # WorkItemsCompleted = {ThreadPool.CompletedWorkItemCount}
            # Timers = {Timer.ActiveCount}
            # LockContentions = {Monitor.LockContentionCount}
            # UptimeSeconds = {clock.GetElapsedTime(_started).TotalSeconds:0.0}

            """);
    }

    private static string Threads()
    {
        using var process = Process.GetCurrentProcess();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"threadcreate profile: total {process.Threads.Count}\n");
        foreach (ProcessThread thread in process.Threads)
        {
            using (thread)
            {
                try
                {
                    text.Append(CultureInfo.InvariantCulture, $"{thread.Id} {thread.ThreadState} {thread.TotalProcessorTime.TotalMilliseconds:0} ms\n");
                }
                catch (InvalidOperationException)
                {
                    // It has ended meanwhile.
                }
            }
        }

        return text.ToString();
    }
}
