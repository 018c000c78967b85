using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Microsoft.Extensions.Logging;

namespace Coxswain.Client;

/// <summary>How leaders are chosen; the times are upstream's but for the retry, which lets a clean hand-over be quick.</summary>
public sealed record LeaderElectionOptions
{
    /// <summary>The Lease that stands for leadership.</summary>
    public required NamespacedName Lease { get; init; }

    /// <summary>Who we are; must be unique among the candidates.</summary>
    public required string Identity { get; init; }
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often others look, and how soon what failed is tried again.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often the leader renews; null: as often as others look. Each time is a write.</summary>
    public TimeSpan? RenewInterval { get; init; }
}

/// <summary>Lets one of several candidates work at a time, by holding a Lease.</summary>
/// <remarks>A lease counts as held until it has not changed for its duration by <em>our</em> clock, so clocks of different machines need not
/// agree. The work is cancelled before another can take over; on a clean stop the lease is given up at once.</remarks>
public sealed partial class LeaderElection(IApiClient api, LeaderElectionOptions options, TimeProvider clock, ILogger logger)
{
    private LeaseSpec? _seen;
    private long _seenAt;
    private volatile bool _leading;

    public bool IsLeader => _leading;

    /// <summary>Waits to become leader, then runs <paramref name="lead"/> with a token that ends with the leadership; again and again until
    /// cancelled. An exception of the work ends the leadership and is thrown on.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                while (!await TryAcquireOrRenewAsync(cancellation).ConfigureAwait(false))
                    await Task.Delay(options.RetryPeriod * (1 + 0.2 * Random.Shared.NextDouble()), clock, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            await LeadAsync(lead, cancellation).ConfigureAwait(false);
        }
    }

    private async Task LeadAsync(Func<CancellationToken, Task> lead, CancellationToken cancellation)
    {
        LogLeading(options.Identity, options.Lease);
        _leading = true;
        using var leadership = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var work = Task.Run(() => lead(leadership.Token), CancellationToken.None);
        try
        {
            await RenewUntilLostAsync(work, leadership.Token).ConfigureAwait(false);
        }
        finally
        {
            _leading = false;
            await leadership.CancelAsync().ConfigureAwait(false);
            try
            {
                await work.ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The work's way to say that it stopped.
            }
            finally
            {
                // Not cancelled: giving up the lease is part of stopping.
                await ReleaseAsync(CancellationToken.None).ConfigureAwait(false);
                LogEnded(options.Identity, options.Lease);
            }
        }
    }

    private async Task RenewUntilLostAsync(Task work, CancellationToken leadership)
    {
        var renewed = clock.GetTimestamp();
        var pause = options.RenewInterval ?? options.RetryPeriod;
        while (!leadership.IsCancellationRequested && !work.IsCompleted && clock.GetElapsedTime(renewed) < options.RenewDeadline)
        {
            try
            {
                await Task.WhenAny(work, Task.Delay(pause, clock, leadership)).ConfigureAwait(false);
                leadership.ThrowIfCancellationRequested();
                if (await TryAcquireOrRenewAsync(leadership).ConfigureAwait(false))
                    (renewed, pause) = (clock.GetTimestamp(), options.RenewInterval ?? options.RetryPeriod);
                else if (_seen?.HolderIdentity != options.Identity)
                    return;     // somebody else has it
                else
                    pause = options.RetryPeriod;
            }
            catch (OperationCanceledException) when (leadership.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task<bool> TryAcquireOrRenewAsync(CancellationToken cancellation)
    {
        try
        {
            var now = clock.GetUtcNow();
            if (await api.FindAsync<Lease>(options.Lease, cancellation).ConfigureAwait(false) is not { } lease)
            {
                var made = await api.CreateAsync(new Lease
                {
                    Metadata = new() { Namespace = options.Lease.Namespace, Name = options.Lease.Name },
                    Spec = Held(now, now, 0),
                }, cancellation).ConfigureAwait(false);
                See(made.Spec);
                return true;
            }
            See(lease.Spec);
            var mine = lease.Spec?.HolderIdentity == options.Identity;
            if (!mine && !string.IsNullOrEmpty(lease.Spec?.HolderIdentity) && clock.GetElapsedTime(_seenAt) < LeaseTime(lease.Spec))
                return false;
            var transitions = lease.Spec?.LeaseTransitions ?? 0;
            var updated = await api.UpdateAsync(lease with
            {
                Spec = Held(mine ? lease.Spec?.AcquireTime ?? now : now, now, mine ? transitions : transitions + 1),
            }, cancellation).ConfigureAwait(false);
            See(updated.Spec);
            return true;
        }
        catch (ApiException lost) when (lost.Code == 409)
        {
            return false;   // another candidate was faster
        }
        catch (Exception error) when (error is ApiException or HttpRequestException or IOException or TimeoutException)
        {
            LogFailed(error, options.Lease);
            return false;
        }
    }

    private async Task ReleaseAsync(CancellationToken cancellation)
    {
        try
        {
            if (await api.FindAsync<Lease>(options.Lease, cancellation).ConfigureAwait(false) is not { } lease
                || lease.Spec?.HolderIdentity != options.Identity)
                return;
            var now = clock.GetUtcNow();
            await api.UpdateAsync(lease with
            {
                Spec = lease.Spec with { HolderIdentity = "", LeaseDurationSeconds = 1, RenewTime = now, AcquireTime = now },
            }, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ApiException or HttpRequestException or IOException or TimeoutException)
        {
            // Then the others wait until it runs out.
            LogFailed(error, options.Lease);
        }
    }

    private LeaseSpec Held(DateTimeOffset acquired, DateTimeOffset renewed, int transitions) => new()
    {
        HolderIdentity = options.Identity,
        LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds,
        AcquireTime = acquired,
        RenewTime = renewed,
        LeaseTransitions = transitions,
    };

    private TimeSpan LeaseTime(LeaseSpec? spec) =>
        spec?.LeaseDurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : options.LeaseDuration;

    private void See(LeaseSpec? spec)
    {
        if (_seenAt != 0 && Equals(_seen, spec))
            return;
        _seen = spec;
        _seenAt = clock.GetTimestamp();
    }

    [LoggerMessage(1, LogLevel.Information, "{Identity} leads ({Lease})")]
    private partial void LogLeading(string identity, NamespacedName lease);

    [LoggerMessage(2, LogLevel.Information, "{Identity} leads no more ({Lease})")]
    private partial void LogEnded(string identity, NamespacedName lease);

    [LoggerMessage(3, LogLevel.Warning, "leader election over {Lease} failed, trying again")]
    private partial void LogFailed(Exception error, NamespacedName lease);
}
