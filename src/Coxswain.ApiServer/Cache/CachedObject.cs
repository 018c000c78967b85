using System.Buffers;
using System.Runtime.InteropServices;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Cache;

/// <summary>One object at one revision: decoded once, stamped with its resourceVersion once, shared by everyone who reads it.</summary>
/// <remarks>
/// <para>Immutable to those who read it, so lists, watches, admission and the in-process client all hold the same bytes.</para>
/// <para>The bytes are in pieces that equal objects share (<see cref="SharedParts"/>). The metadata is always there; the whole object
/// may be forgotten, and is decoded anew for who asks (<see cref="DecodedObjects"/>).</para>
/// </remarks>
internal sealed class CachedObject : IKeyed
{
    // One array, or pieces.
    private readonly object _json;

    // The sign says whether it is stale: a field of its own would cost every object eight bytes.
    private readonly int _own;
    private IMetadataObject? _value;
    private DecodedObjects? _decoded;

    /// <summary>An object with its bytes as they are.</summary>
    public CachedObject(string key, IMetadataObject value, ReadOnlyMemory<byte> json, long revision)
    {
        (Key, Revision, Metadata, _value) = (key, revision, value.Metadata, value);
        _json = MemoryMarshal.TryGetArray(json, out var array) && array.Count == array.Array!.Length ? array.Array : json.ToArray();
        _own = JsonLength = json.Length;
    }

    /// <summary>An object that shares what it can.</summary>
    /// <param name="front">Up to here the JSON says what only this object and this revision is.</param>
    public CachedObject(string key, IMetadataObject value, ReadOnlySpan<byte> json, int front, long revision, SharedParts parts)
    {
        (Key, Revision, Metadata, _value) = (key, revision, value.Metadata, value);
        _json = parts.Split(json, front, out var own);
        (JsonLength, _own) = (json.Length, own);
    }

    private CachedObject(CachedObject other, long revision, ObjectMeta metadata, ReadOnlySpan<byte> json, int front, SharedParts parts)
    {
        (Key, Revision, Metadata, _decoded) = (other.Key, revision, metadata, other._decoded);
        _json = parts.Split(json, front, out var own);
        (JsonLength, _own) = (json.Length, own);
        if (Volatile.Read(ref other._value) is { } value)
            _value = value.WithMetadata(metadata);
        else if (_decoded is null)
            throw new InvalidOperationException("an object without its decoded form must know where to get it");
    }

    public string Key { get; }

    public long Revision { get; }

    public ObjectMeta Metadata { get; }

    public string Namespace => Metadata.Namespace;

    public string Name => Metadata.Name;

    /// <summary>The decoded object; its resourceVersion is <see cref="Revision"/>.</summary>
    public IMetadataObject Object => Volatile.Read(ref _value) ?? _decoded!.Read(this);

    /// <summary>The final JSON with the resourceVersion in it, without a newline: what goes on the wire. In one piece, so mostly a copy:
    /// who only passes it on copies the pieces.</summary>
    public ReadOnlyMemory<byte> Json
    {
        get
        {
            if (_json is byte[] whole)
                return whole;
            var copy = new byte[JsonLength];
            CopyTo(copy);
            return copy;
        }
    }

    public int JsonLength { get; }

    /// <summary>About how much memory the JSON takes that is not shared with others.</summary>
    public int OwnBytes => _own & int.MaxValue;

    /// <summary>It lies in the store in another form than a write would give it.</summary>
    public bool IsStale
    {
        get => _own < 0;
        init => _own = value ? _own | int.MinValue : _own & int.MaxValue;
    }

    /// <summary>Copies the JSON, without its first bytes if so wished.</summary>
    /// <returns>How many bytes those were.</returns>
    public int CopyTo(Span<byte> destination, int skip = 0)
    {
        if (_json is byte[] whole)
        {
            whole.AsSpan(skip).CopyTo(destination);
            return whole.Length - skip;
        }

        var copied = 0;
        foreach (var piece in (byte[][])_json)
        {
            if (skip >= piece.Length)
            {
                skip -= piece.Length;
                continue;
            }

            var rest = piece.AsSpan(skip);
            rest.CopyTo(destination[copied..]);
            copied += rest.Length;
            skip = 0;
        }

        return copied;
    }

    public void CopyTo(IBufferWriter<byte> output) => output.Advance(CopyTo(output.GetSpan(JsonLength)));

    public bool JsonEquals(ReadOnlySpan<byte> json)
    {
        if (json.Length != JsonLength)
            return false;
        if (_json is byte[] whole)
            return json.SequenceEqual(whole);
        foreach (var piece in (byte[][])_json)
        {
            if (!json.StartsWith(piece))
                return false;
            json = json[piece.Length..];
        }

        return true;
    }

    /// <summary>The same object at another revision.</summary>
    /// <param name="json">Its JSON with that revision in it.</param>
    public CachedObject At(long revision, ObjectMeta metadata, ReadOnlySpan<byte> json, int front, SharedParts parts) =>
        new(this, revision, metadata, json, front, parts);

    /// <summary>From now on the decoded form may be forgotten, and is to be had there.</summary>
    /// <returns>False: that was settled before.</returns>
    internal bool DecodeBy(DecodedObjects decoded) => Interlocked.CompareExchange(ref _decoded, decoded, null) is null;

    internal void Remember(IMetadataObject value) => Volatile.Write(ref _value, value);

    internal void Forget() => Volatile.Write(ref _value, null);
}
