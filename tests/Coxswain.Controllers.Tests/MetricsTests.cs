using System.Text;
using Coxswain.Api;
using Coxswain.Client;
using Coxswain.Testing;

namespace Coxswain.Controllers.Tests;

/// <summary>Queues and controllers are measured under upstream's names.</summary>
public sealed class MetricsTests
{
    [Fact]
    public void A_queue_tells_its_depth_adds_retries_and_times()
    {
        MetricsText.Start();
        var clock = new FakeClock();
        using var queue = new WorkQueue("measured", clock);
        queue.Add(new NamespacedName("default", "a"));
        queue.Add(new NamespacedName("default", "b"));
        Assert.True(queue.TryTake(out var taken));
        clock.Advance(TimeSpan.FromSeconds(2));
        queue.Done(taken);
        queue.AddRateLimited(taken);

        var text = new StringBuilder();
        MetricsText.Write(text);
        var lines = text.ToString().Split('\n');
        Assert.Contains("# TYPE workqueue_adds_total counter", lines);
        Assert.Contains("workqueue_adds_total{name=\"measured\"} 2", lines);
        Assert.Contains("workqueue_depth{name=\"measured\"} 1", lines);
        Assert.Contains("workqueue_retries_total{name=\"measured\"} 1", lines);
        Assert.Contains("workqueue_work_duration_seconds_bucket{name=\"measured\",le=\"1\"} 0", lines);
        Assert.Contains("workqueue_work_duration_seconds_bucket{name=\"measured\",le=\"10\"} 1", lines);
        Assert.Contains("workqueue_work_duration_seconds_count{name=\"measured\"} 1", lines);
    }

    [Fact]
    public async Task A_finished_job_is_counted_by_result()
    {
        MetricsText.Start();
        var before = Count();
        await using var bed = await Bed.StartAsync("job-controller");
        await bed.CreateAsync(JobTests.Make(s => s with { Completions = 1, Parallelism = 1 }));
        await bed.SettleAsync();
        bed.FinishPods("Succeeded");
        await bed.SettleAsync();
        Assert.True(Count() > before);

        static double Count()
        {
            var text = new StringBuilder();
            MetricsText.Write(text);
            return text.ToString().Split('\n').Where(l => l.StartsWith("job_controller_jobs_finished_total{completion_mode=\"NonIndexed\",result=\"succeeded\"", StringComparison.Ordinal))
                .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
