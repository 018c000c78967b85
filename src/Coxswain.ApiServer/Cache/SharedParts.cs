using System.Buffers.Binary;
using System.Numerics;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Cache;

/// <summary>What cached objects have in common, kept once: pieces of their JSON, labels, annotations, lists of field owners.</summary>
/// <remarks>
/// <para>JSON is cut where its content says so, so that objects of one template, and the states of one object, are cut alike; a piece
/// that has been seen lately is taken instead of a new copy. Who looks at the objects sees no difference.</para>
/// <para>Tables of fixed size, where a newcomer drives out what has its place: something that is forgotten is only kept twice.
/// Safe for concurrent use: values never change, and a lost race costs a copy.</para>
/// </remarks>
internal sealed class SharedParts
{
    private const int MinPiece = 64;
    private const int MaxPiece = 512;

    /// <summary>One place in 128 is a cut.</summary>
    private const int CutBits = 7;

    private const int PieceBits = 14;
    private const int ValueBits = 10;

    // What an array costs beside its bytes.
    private const int ArrayOverhead = 24;

    private static readonly ulong[] Gear = MakeGear();

    private readonly byte[]?[] _pieces = new byte[]?[1 << PieceBits];
    private readonly Table<ApiMap<string>> _maps = new();
    private readonly Table<ApiList<ManagedFieldsEntry>> _owners = new();
    private readonly Table<RawJson> _fields = new();

    /// <summary>The text in pieces, as many of them as possible shared with others.</summary>
    /// <param name="front">So many bytes at the beginning are no other text's: they are a piece by themselves.</param>
    /// <param name="own">How many bytes of memory only this text takes.</param>
    public byte[][] Split(ReadOnlySpan<byte> text, int front, out int own)
    {
        // Room for the shortest possible pieces is on the stack: texts are up to 1.5 MB, but those are not many.
        var most = (text.Length / MinPiece) + 2;
        Span<int> cuts = most <= 512 ? stackalloc int[most] : new int[most];
        var count = 0;
        if (front > 0)
            cuts[count++] = front;
        for (var rest = text[front..]; !rest.IsEmpty;)
        {
            var length = NextCut(rest);
            cuts[count++] = length;
            rest = rest[length..];
        }

        var pieces = new byte[count][];
        own = ArrayOverhead + (count * 8);
        for (var i = 0; i < count; i++)
        {
            if (i == 0 && front > 0)
            {
                pieces[0] = text[..front].ToArray();
                own += front + ArrayOverhead;
                text = text[front..];
                continue;
            }

            pieces[i] = Piece(text[..cuts[i]], ref own);
            text = text[cuts[i]..];
        }

        return pieces;
    }

    /// <summary>The same metadata with another resource version, its parts shared with others where they are equal.</summary>
    public ObjectMeta Share(ObjectMeta metadata, string resourceVersion) => metadata with
    {
        ResourceVersion = resourceVersion,
        Labels = metadata.Labels.Count == 0 ? metadata.Labels : _maps.Get(metadata.Labels),
        Annotations = metadata.Annotations.Count == 0 ? metadata.Annotations : _maps.Get(metadata.Annotations),
        ManagedFields = metadata.ManagedFields.Count == 0 ? metadata.ManagedFields : Share(metadata.ManagedFields),
    };

    private ApiList<ManagedFieldsEntry> Share(ApiList<ManagedFieldsEntry> owners)
    {
        var shared = _owners.Get(owners, out var found);
        if (found)
            return shared;

        // New as a whole, but mostly because of its times.
        return _owners.Put(Rebuilt(owners));
    }

    private ApiList<ManagedFieldsEntry> Rebuilt(ApiList<ManagedFieldsEntry> owners)
    {
        var entries = new ManagedFieldsEntry[owners.Count];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = owners[i].FieldsV1 is { } fields ? owners[i] with { FieldsV1 = _fields.Get(fields) } : owners[i];
        return [.. entries];
    }

    private byte[] Piece(ReadOnlySpan<byte> text, ref int own)
    {
        var place = (int)(Hash(text) >> (32 - PieceBits));
        var first = _pieces[place];
        if (first is not null && text.SequenceEqual(first))
            return first;
        var second = _pieces[place ^ 1];
        if (second is not null && text.SequenceEqual(second))
            return second;
        own += text.Length + ArrayOverhead;
        _pieces[place ^ 1] = first;
        return _pieces[place] = text.ToArray();
    }

    private static int NextCut(ReadOnlySpan<byte> text)
    {
        if (text.Length <= MinPiece)
            return text.Length;
        var end = Math.Min(text.Length, MaxPiece);
        var hash = 0UL;
        for (var i = MinPiece; i < end; i++)
        {
            hash = (hash << 1) + Gear[text[i]];
            if (hash >> (64 - CutBits) == 0)
                return i + 1;
        }

        return end;
    }

    /// <summary>A quick hash, the same in every run: nobody can do more harm with it than being kept twice.</summary>
    internal static uint Hash(ReadOnlySpan<byte> text)
    {
        var hash = (uint)text.Length;
        while (text.Length >= 8)
        {
            hash = BitOperations.Crc32C(hash, BinaryPrimitives.ReadUInt64LittleEndian(text));
            text = text[8..];
        }

        foreach (var b in text)
            hash = BitOperations.Crc32C(hash, b);
        return hash * 0x9E3779B1;
    }

    /// <summary>A number for each byte that looks like chance, the same in every run.</summary>
    private static ulong[] MakeGear()
    {
        var gear = new ulong[256];
        var state = 0UL;
        for (var i = 0; i < gear.Length; i++)
        {
            state += 0x9E3779B97F4A7C15;
            var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            gear[i] = mixed ^ (mixed >> 31);
        }

        return gear;
    }

    /// <summary>Values by themselves: each place holds the last that came there.</summary>
    private sealed class Table<T>
        where T : struct, IEquatable<T>
    {
        // In boxes, so that a value is read and written whole.
        private readonly Box?[] _boxes = new Box?[1 << ValueBits];

        public T Get(T value) => Get(value, out _);

        public T Get(T value, out bool found)
        {
            ref var place = ref Place(value);
            if (place is { } box && box.Value.Equals(value))
            {
                found = true;
                return box.Value;
            }

            place = new(value);
            found = false;
            return value;
        }

        public T Put(T value)
        {
            Place(value) = new(value);
            return value;
        }

        private ref Box? Place(T value) => ref _boxes[(uint)value.GetHashCode() * 0x9E3779B1 >> (32 - ValueBits)];

        private sealed class Box(T value)
        {
            public T Value { get; } = value;
        }
    }
}
