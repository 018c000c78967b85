using Coxswain.Api;

namespace Coxswain.ApiServer.Admission;

/// <summary>Whether what was admitted must be looked at once more because somebody changed it later. One per request.</summary>
/// <remarks>A webhook that changes an object makes the whole chain run a second time, never a third. In that second round the
/// webhooks that ask for it (<c>reinvocationPolicy: IfNeeded</c>) see the object again if it has changed since they saw it.</remarks>
public sealed class ReinvocationState
{
    // Hardly any webhook asks for it.
    private HashSet<string>? _seenBefore;
    private HashSet<string>? _again;
    private IKubernetesObject? _lastOutput;

    /// <summary>The chain runs for the second time.</summary>
    public bool IsReinvoke { get; private set; }

    /// <summary>Somebody changed the object after others had seen it.</summary>
    public bool IsNeeded { get; private set; }

    public void BeginSecondRound() => IsReinvoke = true;

    /// <summary>Whether this webhook has its turn in the round that runs.</summary>
    public bool HasTurn(string webhook) => !IsReinvoke || _again?.Contains(webhook) == true;

    /// <summary>A webhook that wants to see later changes has seen the object.</summary>
    public void Seen(string webhook) => (_seenBefore ??= new(StringComparer.Ordinal)).Add(webhook);

    /// <summary>The object was changed: all that saw it before see it again.</summary>
    public void Changed()
    {
        IsNeeded = true;
        ShowAgain();
    }

    /// <summary>Called when the webhooks begin: built-in plug-ins may have changed the object since the first round.</summary>
    public void Begin(IKubernetesObject? o)
    {
        if (IsReinvoke && !Equals(o, _lastOutput))
            ShowAgain();
    }

    /// <summary>What the webhooks left behind.</summary>
    public void End(IKubernetesObject? o) => _lastOutput = o;

    private void ShowAgain()
    {
        if (_seenBefore is null)
            return;
        (_again ??= new(StringComparer.Ordinal)).UnionWith(_seenBefore);
        _seenBefore.Clear();
    }
}
