using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;

namespace Coxswain.Storage.Etcd.Maintenance;

/// <summary>Looks after the members of an etcd cluster: how they are, defragmentation one at a time, the alarm when one is full.</summary>
/// <remarks>Has connections of its own and asks each member by itself, so it works without a quorum as well. Thread-safe, but for
/// defragmentations, of which the caller runs one at a time.</remarks>
public sealed class EtcdMaintenance : IDisposable
{
    private static readonly TimeSpan DefragmentTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RecoveryTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan RecoveryPause = TimeSpan.FromMilliseconds(200);

    private readonly EtcdStoreOptions _options;
    private readonly EtcdTls _tls;
    private readonly EtcdQuota _quota;
    private readonly EtcdConnection? _inUse;
    private readonly TimeProvider _clock;

    /// <summary>For a process that does not have the store open, as a command that shows how the members are.</summary>
    public EtcdMaintenance(EtcdStoreOptions options, TimeProvider clock)
        : this(options, null, clock)
    {
    }

    /// <summary>For a process that has: the store goes to another member while one is defragmented.</summary>
    public EtcdMaintenance(EtcdStore store, TimeProvider clock)
        : this(store.Options, store.Connection, clock)
    {
    }

    private EtcdMaintenance(EtcdStoreOptions options, EtcdConnection? inUse, TimeProvider clock)
    {
        (_options, _inUse, _clock) = (options, inUse, clock);
        _tls = new(options);
        _tls.Check();
        _quota = new(options, _tls);
    }

    /// <summary>How each member is: those of the options, and those that a member tells of. A member that does not answer is in it with
    /// the reason.</summary>
    public async Task<IReadOnlyList<EtcdMember>> GetMembersAsync(CancellationToken cancellation)
    {
        var asked = await Task.WhenAll(_options.Endpoints.Select(address => AskAsync(address, cancellation)));
        var listed = await ListAsync(asked, cancellation);
        var members = new Dictionary<ulong, EtcdMember>();
        foreach (var member in asked.Where(member => member.Id != 0))
            members.TryAdd(member.Id, member with { Name = listed.Find(found => found.Id == member.Id)?.Name ?? "" });
        var others = listed.Where(found => !members.ContainsKey(found.Id) && found.ClientUrls.Count > 0).ToList();
        foreach (var member in await Task.WhenAll(others.Select(found => AskAsync(new(found.ClientUrls[0]), cancellation, _options.Endpoints))))
        {
            var found = others.Find(other => new Uri(other.ClientUrls[0]) == member.Endpoint)!;
            members[found.Id] = member with { Id = found.Id, Name = found.Name };
        }

        // Addresses that gave no answer and belong to no member that is known are told too.
        var silent = asked.Where(member => member.Id == 0 && !members.Values.Any(known => known.Endpoint == member.Endpoint));
        return [.. members.Values.Concat(silent).OrderBy(member => member.Name, StringComparer.Ordinal).ThenBy(member => member.Endpoint.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>The same in the words of every store.</summary>
    public async Task<StoreReport> GetReportAsync(CancellationToken cancellation) =>
        new("etcd", [.. (await GetMembersAsync(cancellation)).Select(member => member.ToStoreMember())]);

    /// <summary>Gives the unused space of the members' files back, one member at a time, the leader last, each only when the one before
    /// is well again. A member answers nothing meanwhile.</summary>
    /// <param name="worthwhile">Whether it is worth it for a member.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="StoreException">A member is not well, so that the cluster could lose its quorum, or did not get well again.</exception>
    public async Task<IReadOnlyList<EtcdDefragmentation>> DefragmentAsync(Func<EtcdMember, bool> worthwhile, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(worthwhile);
        var done = new List<EtcdDefragmentation>();
        var left = (await GetMembersAsync(cancellation)).Where(worthwhile).OrderBy(member => member.IsLeader).ToList();
        foreach (var member in left)
        {
            var members = await GetMembersAsync(cancellation);
            if (members.FirstOrDefault(other => !other.IsHealthy) is { } ill)
                throw new StoreException($"The etcd member {Text(ill)} is not well ({ill.Error ?? "no leader, or behind"}); defragment when it is.");
            _inUse?.Leave(member.Endpoint);
            var began = _clock.GetTimestamp();
            try
            {
                using var channel = Open(member.Endpoint);
                await channel.CallAsync(EtcdMethods.Defragment, EmptyRequest.Instance, DefragmentTimeout, cancellation);
            }
            catch (GrpcException error)
            {
                throw new StoreException($"The etcd member {Text(member)} was not defragmented: {error.Detail}", error);
            }

            var after = await RecoverAsync(member, cancellation);
            done.Add(new(member, after, _clock.GetElapsedTime(began)));
        }

        return done;
    }

    /// <summary>Takes the alarms of full members back, so that writes are taken again.</summary>
    /// <exception cref="StoreException">etcd refused it.</exception>
    /// <exception cref="StoreUnavailableException">No member could do it.</exception>
    public async Task DisarmAsync(CancellationToken cancellation)
    {
        var alarms = await AlarmAsync(new() { Action = AlarmAction.Get, Alarm = AlarmType.NoSpace }, cancellation);
        foreach (var alarm in alarms.Alarms.Where(alarm => alarm.Alarm == AlarmType.NoSpace))
            await AlarmAsync(new() { Action = AlarmAction.Deactivate, MemberId = alarm.MemberId, Alarm = alarm.Alarm }, cancellation);
    }

    public void Dispose() => _quota.Dispose();

    private async Task<AlarmResponse> AlarmAsync(AlarmRequest request, CancellationToken cancellation)
    {
        GrpcException? last = null;
        foreach (var address in _options.Endpoints)
        {
            try
            {
                using var channel = Open(address);
                return await channel.CallAsync(EtcdMethods.Alarm, request, _options.RequestTimeout, cancellation);
            }
            catch (GrpcException error) when (EtcdErrors.Judge(error) != EtcdFailure.Final)
            {
                last = error;
            }
            catch (GrpcException error)
            {
                throw EtcdErrors.Explain(error);
            }
        }

        throw new StoreUnavailableException($"No member of etcd can serve ({last?.Detail}).", last);
    }

    private async Task<EtcdMember> RecoverAsync(EtcdMember member, CancellationToken cancellation)
    {
        for (var began = _clock.GetTimestamp(); ;)
        {
            var now = await AskAsync(member.Endpoint, cancellation);
            if (now.IsHealthy)
                return now with { Name = member.Name };
            if (_clock.GetElapsedTime(began) > RecoveryTimeout)
                throw new StoreException($"The etcd member {Text(member)} is not well after it was defragmented: {now.Error ?? "no leader, or behind"}");
            await Task.Delay(RecoveryPause, _clock, cancellation);
        }
    }

    private async Task<List<ListedMember>> ListAsync(IEnumerable<EtcdMember> asked, CancellationToken cancellation)
    {
        foreach (var member in asked.Where(member => member.Id != 0))
        {
            try
            {
                using var channel = Open(member.Endpoint);
                return (await channel.CallAsync(EtcdMethods.MemberList, EmptyRequest.Instance, _options.ProbeTimeout, cancellation)).Members;
            }
            catch (GrpcException)
            {
                // The next one may know.
            }
        }

        return [];
    }

    /// <param name="known">Addresses that were asked before: not asked again.</param>
    private async Task<EtcdMember> AskAsync(Uri address, CancellationToken cancellation, IReadOnlyList<Uri>? known = null)
    {
        if (known?.Contains(address) == true)
            return new() { Endpoint = address, Error = "it does not answer" };
        var began = _clock.GetTimestamp();
        try
        {
            using var channel = Open(address);
            var status = await channel.CallAsync(EtcdMethods.Status, EmptyRequest.Instance, _options.ProbeTimeout, cancellation);
            var latency = _clock.GetElapsedTime(began);
            var alarms = status.Errors.Select(EtcdAlarmText.Parse).Where(alarm => alarm is not null).Select(alarm => alarm!.Value).ToList();
            var others = status.Errors.Where(text => EtcdAlarmText.Parse(text) is null).ToList();
            return new()
            {
                Id = status.Header.MemberId,
                Endpoint = address,
                Version = status.Version,
                IsLeader = status.Leader != 0 && status.Leader == status.Header.MemberId,
                HasLeader = status.Leader != 0,
                IsLearner = status.IsLearner,
                DbSize = status.DbSize,
                DbSizeInUse = status.DbSizeInUse,
                Quota = status.Quota > 0 ? status.Quota : await _quota.GetAsync(address, cancellation),
                RaftIndex = status.RaftIndex,
                RaftAppliedIndex = status.RaftAppliedIndex,
                Alarms = [.. alarms.Where(alarm => alarm.Member == status.Header.MemberId).Select(alarm => alarm.Name)],
                Latency = latency,
                Error = others.Count > 0 ? string.Join("; ", others) : status.Leader == 0 ? "it has no leader" : null,
            };
        }
        catch (GrpcException error)
        {
            return new() { Endpoint = address, Error = error.Detail };
        }
    }

    private GrpcChannel Open(Uri address)
    {
        var endpoint = new EtcdEndpoint(address, _tls, _options, _clock);
        return endpoint.Open();
    }

    private static string Text(EtcdMember member) => member.Name.Length > 0 ? member.Name : member.Endpoint.ToString();
}

/// <summary>One member before and after its defragmentation.</summary>
public sealed record EtcdDefragmentation(EtcdMember Before, EtcdMember After, TimeSpan Took);
