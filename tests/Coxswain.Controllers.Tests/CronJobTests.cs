using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Client;

namespace Coxswain.Controllers.Tests;

public sealed class CronJobTests
{
    private static readonly NamespacedName Nightly = new("default", "nightly");

    internal static CronJob Make(string schedule, Func<CronJobSpec, CronJobSpec>? change = null)
    {
        var spec = new CronJobSpec { Schedule = schedule, ConcurrencyPolicy = "Allow", SuccessfulJobsHistoryLimit = 3, FailedJobsHistoryLimit = 1 };
        return new() { Metadata = new() { Namespace = "default", Name = "nightly" }, Spec = change?.Invoke(spec) ?? spec };
    }

    private static void Finish(Bed bed, string type = "Complete")
    {
        foreach (var job in bed.Api.All<Job>().Where(j => !JobFacts.IsFinished(j)))
            bed.Api.Change<Job>(job.FullName(), j => j with
            {
                Status = j.Status with { StartTime = bed.Clock.GetUtcNow(), Conditions = [new() { Type = type, Status = "True", LastTransitionTime = bed.Clock.GetUtcNow() }] },
            });
    }

    [Fact]
    public async Task A_job_is_started_at_each_time_once_and_named_by_it()
    {
        await using var bed = await Bed.StartAsync("cronjob-controller");
        await bed.CreateAsync(Make("*/10 * * * *"));
        await bed.PassAsync(TimeSpan.FromMinutes(9));
        Assert.Empty(bed.Api.All<Job>());
        await bed.PassAsync(TimeSpan.FromMinutes(2));
        bed.WakeAll();
        await bed.SettleAsync();

        var job = Assert.Single(bed.Api.All<Job>());
        Assert.Equal($"nightly-{new DateTimeOffset(2026, 1, 1, 0, 10, 0, TimeSpan.Zero).ToUnixTimeSeconds() / 60}", job.Metadata.Name);
        Assert.Equal("2026-01-01T00:10:00Z", job.Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"]);
        var status = bed.Get<CronJob>("nightly").Status;
        Assert.Equal([job.Metadata.Uid], status.Active.Select(a => a.Uid));
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 10, 0, TimeSpan.Zero), status.LastScheduleTime);
        Finish(bed);
        await bed.SettleAsync();
        Assert.Empty(bed.Get<CronJob>("nightly").Status.Active);
        Assert.NotNull(bed.Get<CronJob>("nightly").Status.LastSuccessfulTime);
    }

    [Theory]
    [InlineData("Allow", 2, 2)]
    [InlineData("Forbid", 1, 1)]
    [InlineData("Replace", 1, 1)]
    public async Task The_concurrency_policy_decides_when_the_last_one_still_runs(string policy, int jobs, int active)
    {
        await using var bed = await Bed.StartAsync("cronjob-controller");
        await bed.CreateAsync(Make("*/10 * * * *", s => s with { ConcurrencyPolicy = policy }));
        await bed.PassAsync(TimeSpan.FromMinutes(21), steps: 21);

        Assert.Equal(jobs, bed.Api.All<Job>().Count);
        Assert.Equal(active, bed.Get<CronJob>("nightly").Status.Active.Count);
        var last = bed.Api.All<Job>()[^1].Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"];
        Assert.Equal(policy == "Forbid" ? "2026-01-01T00:10:00Z" : "2026-01-01T00:20:00Z", last);
    }

    [Fact]
    public async Task Only_the_newest_finished_jobs_are_kept()
    {
        await using var bed = await Bed.StartAsync("cronjob-controller");
        await bed.CreateAsync(Make("*/10 * * * *"));
        for (var i = 0; i < 6; i++)
        {
            await bed.PassAsync(TimeSpan.FromMinutes(10));
            Finish(bed);
        }
        await bed.SettleAsync();
        Assert.Equal(3, bed.Api.All<Job>().Count);
    }

    [Fact]
    public async Task After_a_pause_only_the_latest_missed_time_is_served_and_none_that_is_too_late()
    {
        await using var bed = await Bed.StartAsync("cronjob-controller");
        await bed.CreateAsync(Make("0 * * * *", s => s with { Suspend = true, StartingDeadlineSeconds = 600 }));
        await bed.PassAsync(TimeSpan.FromHours(5.5));
        bed.Api.Change<CronJob>(Nightly, c => c with { Spec = c.Spec with { Suspend = false } });
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<Job>());

        bed.Api.Change<CronJob>(Nightly, c => c with { Spec = c.Spec with { StartingDeadlineSeconds = null } });
        await bed.SettleAsync();
        Assert.Equal("2026-01-01T05:00:00Z", Assert.Single(bed.Api.All<Job>()).Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"]);
    }

    [Theory]
    [InlineData("61 * * * *", null, "UnparseableSchedule")]
    [InlineData("* * * *", null, "UnparseableSchedule")]
    [InlineData("0 0 * * *", "Mars/Olympus", "UnknownTimeZone")]
    public async Task What_cannot_be_understood_is_told(string schedule, string? zone, string reason)
    {
        await using var bed = await Bed.StartAsync("cronjob-controller");
        await bed.CreateAsync(Make(schedule, s => s with { TimeZone = zone }));
        await bed.SettleAsync();
        await Testing.Eventually.TrueAsync(() => bed.Api.All<Api.Core.V1.Event>().Any(e => e.Reason == reason), cancellation: Bed.Cancellation);
        Assert.Empty(bed.Api.All<Job>());
    }

    [Theory]
    [InlineData("0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")]
    [InlineData("*/15 9-17 * * mon-fri", "2026-01-02T17:45:00Z", "2026-01-05T09:00:00Z")]
    [InlineData("0 12 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T12:00:00Z")]
    [InlineData("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("@monthly", "2026-01-15T00:00:00Z", "2026-02-01T00:00:00Z")]
    [InlineData("5,10-12/2 * * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:05:00Z")]
    public void A_schedule_falls_where_cron_says(string schedule, string after, string expected) =>
        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture),
            CronSchedule.Parse(schedule).Next(DateTimeOffset.Parse(after, System.Globalization.CultureInfo.InvariantCulture), TimeZoneInfo.Utc));

    [Fact]
    public void A_date_that_never_comes_is_never() => Assert.Null(CronSchedule.Parse("0 0 30 2 *").Next(DateTimeOffset.UnixEpoch, TimeZoneInfo.Utc));
}
