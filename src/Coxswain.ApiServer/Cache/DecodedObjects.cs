using Coxswain.Api;

namespace Coxswain.ApiServer.Cache;

/// <summary>Which objects of a cache stay decoded: those that came or were asked for last; or all, if a part of this process follows
/// the kind and holds them anyway.</summary>
/// <remarks>A decoded object takes several times the memory of its JSON, and most requests need but the JSON. Safe for concurrent use.</remarks>
internal sealed class DecodedObjects(IObjectDecoder decoder, long limit)
{
    private readonly Lock _gate = new();
    private readonly Queue<CachedObject> _held = new();
    private long _bytes;
    private bool _all;

    /// <summary>From now on nothing is forgotten.</summary>
    public void KeepAll()
    {
        if (Volatile.Read(ref _all))
            return;
        lock (_gate)
        {
            Volatile.Write(ref _all, true);
            _held.Clear();
        }
    }

    /// <summary>Whether everything that is decoded stays so.</summary>
    public bool KeepsAll => Volatile.Read(ref _all);

    /// <summary>Takes an object that has entered the cache.</summary>
    public void Hold(CachedObject cached)
    {
        if (cached.DecodeBy(this))
            Keep(cached);
    }

    /// <summary>Decodes an object that was forgotten.</summary>
    public IMetadataObject Read(CachedObject cached)
    {
        var value = decoder.Read(cached);
        cached.Remember(value);
        Keep(cached);
        return value;
    }

    private void Keep(CachedObject cached)
    {
        if (Volatile.Read(ref _all))
            return;
        lock (_gate)
        {
            if (_all)
                return;
            _held.Enqueue(cached);
            _bytes += cached.JsonLength;
            while (_bytes > limit && _held.Count > 1)
            {
                var oldest = _held.Dequeue();
                _bytes -= oldest.JsonLength;
                oldest.Forget();
            }
        }
    }
}
