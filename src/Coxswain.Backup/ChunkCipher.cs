using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Coxswain.Backup;

/// <summary>Seals and opens the chunks of one file. Safe for concurrent use: chunks are worked on by all cores.</summary>
internal sealed class ChunkCipher(BackupKeys keys, byte[] headerHash)
{
    public const int BlockBytes = 1 << 20;
    public const int FrameBytes = 4 + TagBytes;
    private const int TagBytes = 16;
    private const uint LastBit = 0x8000_0000;

    /// <summary>What a block can become at most: Deflate adds little to what it cannot shrink.</summary>
    private const int LargestChunk = BlockBytes + (64 << 10);

    /// <summary>A frame with its content, as it stands in the file.</summary>
    public byte[] Seal(ReadOnlySpan<byte> block, long index, bool last)
    {
        using var packed = new MemoryStream((block.Length / 3) + 256);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, block.Length);
        packed.Write(length);
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            deflate.Write(block);

        var plain = packed.GetBuffer().AsSpan(0, (int)packed.Length);
        var sealedChunk = new byte[FrameBytes + plain.Length];
        BinaryPrimitives.WriteUInt32BigEndian(sealedChunk, (uint)plain.Length | (last ? LastBit : 0));
        using var aes = new AesGcm(keys.Chunks, TagBytes);
        aes.Encrypt(Nonce(index), plain, sealedChunk.AsSpan(FrameBytes), sealedChunk.AsSpan(4, TagBytes), Bound(sealedChunk, index));
        return sealedChunk;
    }

    /// <summary>What the frame of a chunk says.</summary>
    /// <exception cref="BackupException">No chunk is so large.</exception>
    public static (int Length, bool Last) ReadFrame(ReadOnlySpan<byte> frame)
    {
        var word = BinaryPrimitives.ReadUInt32BigEndian(frame);
        var length = word & ~LastBit;
        return length <= LargestChunk ? ((int)length, (word & LastBit) != 0) : throw Damaged(null);
    }

    /// <exception cref="BackupException">It was changed, or belongs to another place or file.</exception>
    public byte[] Open(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> content, long index)
    {
        var plain = new byte[content.Length];
        try
        {
            using var aes = new AesGcm(keys.Chunks, TagBytes);
            aes.Decrypt(Nonce(index), content, frame.Slice(4, TagBytes), plain, Bound(frame, index));
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw Damaged(e);
        }

        // What comes from here on was written by who knows the secret; still nothing is taken on trust that costs memory.
        if (plain.Length < 4 || BinaryPrimitives.ReadInt32BigEndian(plain) is not (>= 0 and <= BlockBytes and var length))
            throw Damaged(null);
        var block = new byte[length];
        try
        {
            using var packed = new MemoryStream(plain, 4, plain.Length - 4);
            using var deflate = new DeflateStream(packed, CompressionMode.Decompress);
            deflate.ReadExactly(block);
            return deflate.ReadByte() < 0 ? block : throw Damaged(null);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(e);
        }
    }

    public static BackupException Damaged(Exception? inner) => new("It is damaged: a part of it is not as it was written.", inner);

    private static byte[] Nonce(long index)
    {
        var nonce = new byte[12];
        BinaryPrimitives.WriteInt64BigEndian(nonce.AsSpan(4), index);
        return nonce;
    }

    /// <summary>The chunk's file, place, length and whether it is the last.</summary>
    private byte[] Bound(ReadOnlySpan<byte> frame, long index)
    {
        var bound = new byte[headerHash.Length + 12];
        headerHash.CopyTo(bound, 0);
        BinaryPrimitives.WriteInt64BigEndian(bound.AsSpan(headerHash.Length), index);
        frame[..4].CopyTo(bound.AsSpan(headerHash.Length + 8));
        return bound;
    }
}
