namespace Coxswain.ApiServer.Http;

/// <summary>How many requests that end by themselves may be under way. Reading and changing ones are counted apart, so that
/// neither can starve the other; members of system:masters are never refused.</summary>
internal sealed class InflightLimit(int reading, int mutating)
{
    private int _reading;
    private int _mutating;

    public int Reading => Volatile.Read(ref _reading);

    public int Mutating => Volatile.Read(ref _mutating);

    /// <returns>False: there is no room. Otherwise the caller owes one <see cref="Leave"/>.</returns>
    public bool TryEnter(bool mutates, bool exempt)
    {
        ref var count = ref mutates ? ref _mutating : ref _reading;
        var limit = mutates ? mutating : reading;
        if (Interlocked.Increment(ref count) <= limit || limit <= 0 || exempt)
            return true;
        Interlocked.Decrement(ref count);
        return false;
    }

    public void Leave(bool mutates) => Interlocked.Decrement(ref mutates ? ref _mutating : ref _reading);
}
