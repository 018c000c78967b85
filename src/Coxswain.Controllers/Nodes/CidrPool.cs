using System.Net;
using System.Numerics;

namespace Coxswain.Controllers;

/// <summary>Cuts a range of addresses into equal blocks. Pure.</summary>
internal sealed class CidrPool
{
    private readonly IPNetwork _range;
    private readonly int _blockBits;

    public CidrPool(string range, int blockPrefix)
    {
        _range = IPNetwork.Parse(range);
        var bits = _range.BaseAddress.GetAddressBytes().Length * 8;
        if (blockPrefix < _range.PrefixLength || blockPrefix > bits)
            throw new ArgumentException($"a range of size /{blockPrefix} does not fit into {range}", nameof(blockPrefix));
        BlockPrefix = blockPrefix;
        _blockBits = bits - blockPrefix;
        // More blocks than nodes there can ever be need not be counted.
        Count = 1 << Math.Min(blockPrefix - _range.PrefixLength, 20);
    }

    public int BlockPrefix { get; }

    public int Count { get; }

    public string Block(int index)
    {
        var bytes = _range.BaseAddress.GetAddressBytes();
        var start = new BigInteger(bytes, isUnsigned: true, isBigEndian: true) + ((BigInteger)index << _blockBits);
        var result = new byte[bytes.Length];
        var written = start.ToByteArray(isUnsigned: true, isBigEndian: true);
        written.CopyTo(result, result.Length - written.Length);
        return $"{new IPAddress(result)}/{BlockPrefix}";
    }

    /// <summary>The first block that is not taken; null when all are.</summary>
    public string? FirstFree(IReadOnlySet<string> taken)
    {
        for (var i = 0; i < Count; i++)
        {
            if (Block(i) is var block && !taken.Contains(block))
                return block;
        }
        return null;
    }
}
