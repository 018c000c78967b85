using Coxswain.Node.Pods;
using Coxswain.Node.Tests.Volumes;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Node.Tests.Pods;

public sealed class ImageCollectorTests
{
    private readonly FakeClock _clock = new();
    private readonly FakeVolumeHost _host = new();
    private readonly FakeRuntime _runtime;
    private readonly ImageCollector _collector;

    public ImageCollectorTests()
    {
        _runtime = new(_clock);
        _collector = new(new() { NodeName = "n", RootDirectory = "/r", NodeIPs = [] }, _runtime, _host, _clock, NullLogger.Instance);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Images_stay_while_there_is_room()
    {
        _runtime.AddImage("a");
        _host.Use = new(100, 50, 0, 0);

        Assert.Equal(0, await _collector.CollectAsync(Cancellation));
    }

    [Fact]
    public async Task Above_the_high_mark_unused_images_go_until_the_low_mark_and_used_pinned_and_new_ones_stay()
    {
        _runtime.AddImage("used", size: 5);
        _runtime.AddImage("pinned", size: 5, pinned: true);
        _runtime.AddImage("old-1", size: 6);
        _runtime.AddImage("old-2", size: 6);
        await _runtime.CreateContainerAsync("s", new() { Metadata = new("c", 0), Image = new("sha256:used") }, new() { Metadata = new("p", "u", "n", 0) }, Cancellation);
        _host.Use = new(100, 50, 0, 0);
        await _collector.CollectAsync(Cancellation);
        _clock.Advance(TimeSpan.FromMinutes(3));
        _runtime.AddImage("new", size: 50);

        // 90 of 100 are in use, and 80 are allowed: ten have to go.
        _host.Use = new(100, 10, 0, 0);
        Assert.Equal(2, await _collector.CollectAsync(Cancellation));

        Assert.Equal(["used", "pinned", "new"], _runtime.Images);
    }
}
