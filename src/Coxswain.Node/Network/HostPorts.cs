using Coxswain.Node.Runtime;

namespace Coxswain.Node.Network;

/// <summary>Opens the node's ports that pods asked for, and closes them with the pods.</summary>
/// <remarks>Each sandbox carries its ports in an annotation, so the rules are always made from what the runtime has: a restart of the node
/// agent, or a rule lost, is mended by the next <see cref="SyncAsync"/>. Safe for concurrent use.</remarks>
public sealed class HostPorts(string table) : IDisposable
{
    private const string Annotation = "coxswain.local/host-ports";

    private readonly SemaphoreSlim _gate = new(1);
    private volatile IReadOnlySet<string> _sandboxes = new HashSet<string>();
    private volatile string? _applied;

    /// <summary>Makes the rules those of the ready sandboxes.</summary>
    public async Task SyncAsync(IContainerRuntime runtime, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            var ports = new List<HostPort>();
            var sandboxes = new HashSet<string>(StringComparer.Ordinal);
            foreach (var sandbox in await runtime.ListPodSandboxesAsync(new() { State = PodSandboxState.Ready }, cancellation))
            {
                if (!sandbox.Annotations.TryGetValue(Annotation, out var text)
                    || await FindAddressAsync(runtime, sandbox.Id, cancellation) is not { } address)
                    continue;
                sandboxes.Add(sandbox.Id);
                ports.AddRange(HostPort.Read(text, address));
            }

            _sandboxes = sandboxes;
            var rules = HostPortTable.Render(table, ports);
            if (rules == _applied)
                return;
            await PodNetwork.ApplyRulesAsync(rules, cancellation);
            _applied = rules;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Somebody else removed the rules: the next sync applies them whatever they are.</summary>
    internal void Forget() => _applied = null;

    public void Dispose() => _gate.Dispose();

    /// <summary>Notes the ports of a sandbox to be in the sandbox itself; false when it has none, or shares the node's network.</summary>
    internal static bool Mark(Runtime.Cri.PodSandboxConfig config)
    {
        var wanted = config.PortMappings.Where(p => p.HostPort > 0)
            .Select(p => new PortMapping((PortProtocol)p.Protocol, p.ContainerPort, p.HostPort, p.HostIp)).ToArray();
        // A plug-in of the user's own CNI chain must not open them a second time.
        config.PortMappings.Clear();
        if (wanted.Length == 0 || config.Linux?.SecurityContext?.NamespaceOptions?.Network == Runtime.Cri.NamespaceMode.Node)
            return false;
        config.Annotations[Annotation] = HostPort.Write(wanted);
        return true;
    }

    /// <summary>Whether a sandbox had ports at the last sync.</summary>
    internal bool Has(string sandboxId) => _sandboxes.Contains(sandboxId);

    private static async Task<string?> FindAddressAsync(IContainerRuntime runtime, string id, CancellationToken cancellation)
    {
        try
        {
            return (await runtime.PodSandboxStatusAsync(id, cancellation)).IPs is [var first, ..] ? first : null;
        }
        catch (RuntimeException e) when (e.Code == RuntimeErrorCode.NotFound)
        {
            return null;
        }
    }
}
