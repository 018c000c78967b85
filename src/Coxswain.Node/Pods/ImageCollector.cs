using Coxswain.Node.Runtime;
using Coxswain.Node.Volumes;
using Microsoft.Extensions.Logging;

namespace Coxswain.Node.Pods;

/// <summary>Removes images that no container uses when their file system runs full: the longest unused first, down to the low mark.</summary>
/// <remarks>Pinned images, images in use and images that have only just come stay. One loop uses it.</remarks>
internal sealed partial class ImageCollector(
    NodeAgentOptions options, IContainerRuntime runtime, IVolumeHost host, TimeProvider clock, ILogger logger)
{
    private sealed record Record(DateTimeOffset FirstSeen, DateTimeOffset LastUsed);

    private readonly Dictionary<string, Record> _records = new(StringComparer.Ordinal);

    /// <summary>Returns how many images were removed.</summary>
    public async Task<int> CollectAsync(CancellationToken cancellation)
    {
        var images = await runtime.ListImagesAsync(null, cancellation);
        var used = (await runtime.ListContainersAsync(null, cancellation)).SelectMany(c => (string[])[c.ImageRef, c.Image.Image]).ToHashSet(StringComparer.Ordinal);
        Note(images, used);

        if (await UseAsync(cancellation) is not { } use || use.Bytes == 0)
            return 0;
        var percent = 100 - (int)(use.BytesAvailable * 100 / use.Bytes);
        if (percent < options.ImageGCHighThresholdPercent)
            return 0;

        var toFree = use.Bytes * (100 - options.ImageGCLowThresholdPercent) / 100 - use.BytesAvailable;
        LogFull(percent, toFree);
        var removed = 0;
        var now = clock.GetUtcNow();
        foreach (var image in images.Where(image => !image.Pinned && !IsUsed(image, used)).OrderBy(image => _records[image.Id].LastUsed).ThenBy(image => _records[image.Id].FirstSeen))
        {
            if (toFree <= 0)
                break;
            if (now - _records[image.Id].FirstSeen < options.ImageMinimumGCAge)
                continue;
            await runtime.RemoveImageAsync(new ImageSpec(image.Id), cancellation);
            _records.Remove(image.Id);
            toFree -= (long)image.Size;
            removed++;
        }

        return removed;
    }

    private void Note(IReadOnlyList<Image> images, HashSet<string> used)
    {
        var now = clock.GetUtcNow();
        foreach (var image in images)
        {
            var record = _records.GetValueOrDefault(image.Id) ?? new(now, DateTimeOffset.MinValue);
            _records[image.Id] = IsUsed(image, used) ? record with { LastUsed = now } : record;
        }

        foreach (var gone in _records.Keys.Except(images.Select(image => image.Id), StringComparer.Ordinal).ToArray())
            _records.Remove(gone);
    }

    private static bool IsUsed(Image image, HashSet<string> used) =>
        used.Contains(image.Id) || image.RepoTags.Any(used.Contains) || image.RepoDigests.Any(used.Contains);

    private async Task<FileSystemUse?> UseAsync(CancellationToken cancellation)
    {
        var info = await runtime.ImageFsInfoAsync(cancellation);
        return info.Count > 0 && Directory.Exists(info[0].Mountpoint) ? host.UseOf(info[0].Mountpoint) : null;
    }

    [LoggerMessage(1, LogLevel.Information, "the file system of images is {Percent}% full: {Bytes} bytes of unused images are to go")]
    private partial void LogFull(int percent, long bytes);
}
