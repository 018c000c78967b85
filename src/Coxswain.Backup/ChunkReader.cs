using System.Threading.Channels;

namespace Coxswain.Backup;

/// <summary>Chunks out of the file in order, opened on all cores.</summary>
internal static class ChunkReader
{
    /// <summary>The blocks, one after the other. Ends without an exception only after the last chunk, at the end of the file.</summary>
    /// <exception cref="BackupException">The file is damaged, cut off, or goes on after its end.</exception>
    public static async IAsyncEnumerable<byte[]> ReadAsync(
        Stream file, ChunkCipher cipher, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var blocks = Channel.CreateBounded<Task<byte[]>>(Environment.ProcessorCount * 2);
        var reading = FeedAsync(file, cipher, blocks.Writer, stop.Token);
        try
        {
            await foreach (var block in blocks.Reader.ReadAllAsync(cancellation))
                yield return await block;
            await reading;
        }
        finally
        {
            await stop.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task FeedAsync(Stream file, ChunkCipher cipher, ChannelWriter<Task<byte[]>> blocks, CancellationToken cancellation)
    {
        try
        {
            var last = false;
            for (long index = 0; !last; index++)
            {
                var frame = new byte[ChunkCipher.FrameBytes];
                if (await file.ReadAtLeastAsync(frame, frame.Length, throwOnEndOfStream: false, cancellation) < frame.Length)
                    throw BackupPreamble.CutOff();
                (var length, last) = ChunkCipher.ReadFrame(frame);
                var content = new byte[length];
                if (await file.ReadAtLeastAsync(content, length, throwOnEndOfStream: false, cancellation) < length)
                    throw BackupPreamble.CutOff();
                var place = index;
                await blocks.WriteAsync(Task.Run(() => cipher.Open(frame, content, place), cancellation), cancellation);
            }

            if (await file.ReadAsync(new byte[1], cancellation) > 0)
                throw new BackupException("It is damaged: something was appended to it.");
            blocks.Complete();
        }
        catch (Exception e)
        {
            blocks.Complete(e);
        }
    }
}
