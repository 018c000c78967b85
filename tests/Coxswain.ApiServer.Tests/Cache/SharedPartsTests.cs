using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Tests.Cache;

/// <summary>What cached objects share, and that nobody who reads them sees it.</summary>
public sealed class SharedPartsTests
{
    private readonly SharedParts _parts = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(5_000)]
    [InlineData(400_000)]
    public void Text_in_pieces_is_the_text(int length)
    {
        var text = Noise(length, seed: length);
        foreach (var front in new[] { 0, length / 2, length })
            Same(text, Cached("a", text, front));
    }

    private static void Same(byte[] text, CachedObject cached)
    {
        var length = text.Length;
        Assert.Equal(length, cached.JsonLength);
        Assert.True(cached.Json.Span.SequenceEqual(text));
        Assert.True(cached.JsonEquals(text));
        for (var skip = 0; skip <= length; skip += 1 + (length / 7))
        {
            var rest = new byte[length - skip];
            Assert.Equal(rest.Length, cached.CopyTo(rest, skip));
            Assert.True(rest.AsSpan().SequenceEqual(text.AsSpan(skip)), $"after {skip} bytes");
        }
    }

    [Fact]
    public void Text_that_differs_anywhere_is_not_equal()
    {
        var text = Noise(2_000, seed: 1);
        var cached = Cached("a", text);
        for (var at = 0; at < text.Length; at += 97)
        {
            var other = (byte[])text.Clone();
            other[at] ^= 1;
            Assert.False(cached.JsonEquals(other), $"at {at}");
        }

        Assert.False(cached.JsonEquals(text.AsSpan(1)));
    }

    [Fact]
    public void Texts_that_differ_at_their_beginning_share_the_rest()
    {
        var rest = Noise(20_000, seed: 2);
        _parts.Split([.. "first"u8, .. rest], 0, out var own);
        Assert.True(own >= rest.Length);
        _parts.Split([.. "second one"u8, .. rest], 0, out own);
        Assert.InRange(own, 1, 4_000);
    }

    [Fact]
    public void Equal_labels_and_owners_of_fields_are_kept_once_and_unequal_ones_stay_apart()
    {
        ObjectMeta Metadata(string app, string time) => (ObjectMeta)new()
        {
            Name = "a",
            Labels = ApiMap.Of("app", app),
            ManagedFields =
            [
                new()
                {
                    Manager = "m",
                    Operation = "Update",
                    Time = DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture),
                    FieldsV1 = RawJson.FromText("{\"f:metadata\":{}}"),
                },
            ],
        };
        var first = _parts.Share(Metadata("web", "2026-01-01T00:00:00Z"), "1");
        var same = _parts.Share(Metadata("web", "2026-01-01T00:00:00Z"), "2");
        var later = _parts.Share(Metadata("db", "2026-01-01T00:00:01Z"), "3");

        Assert.Equal("2", same.ResourceVersion);
        Assert.True(first.Labels.AsSpan() == same.Labels.AsSpan());
        Assert.True(first.ManagedFields.AsSpan() == same.ManagedFields.AsSpan());
        Assert.Equal("db", later.Labels["app"]);
        Assert.NotEqual(first.ManagedFields[0].Time, later.ManagedFields[0].Time);
        Assert.True(first.ManagedFields[0].FieldsV1!.Value.Utf8 == later.ManagedFields[0].FieldsV1!.Value.Utf8);
    }

    [Fact]
    public void Pods_of_one_template_hold_one_spec_and_read_as_if_decoded_alone()
    {
        var form = new StoredForm(Pod.Descriptor, Pod.Codec);
        var templates = new PodTemplates();
        byte[] Json(string name, string image, string phase) => Pod.Codec.ToJson(new Pod
        {
            Metadata = new() { Name = name, Annotations = ApiMap.Of("spec", "\"spec\":{"), Labels = ApiMap.Of("status", "status") },
            Spec = new() { Containers = [new() { Name = "c", Image = image }] },
            Status = new() { Phase = phase },
        });

        var a = (Pod)templates.Decode(Json("a", "web:1", "Pending"), form);
        var b = (Pod)templates.Decode(Json("b", "web:1", "Running"), form);
        var c = (Pod)templates.Decode(Json("c", "web:2", "Running"), form);
        Assert.Same(a.Spec, b.Spec);
        Assert.Equal("web:2", c.Spec.Containers[0].Image);
        Assert.Equal(Pod.Codec.Read(Json("b", "web:1", "Running")), b);
        Assert.Equal(Pod.Codec.Read(Json("c", "web:2", "Running")), c);
    }

    [Fact]
    public void A_pod_without_spec_or_status_is_decoded_too()
    {
        var form = new StoredForm(Pod.Descriptor, Pod.Codec);
        var pod = (Pod)new PodTemplates().Decode("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}"u8, form);
        Assert.Equal("a", pod.Metadata.Name);
    }

    [Fact]
    public void Another_revision_takes_the_place_of_the_old_one()
    {
        const string Json = """{"kind":"ConfigMap","metadata":{"name":"a","labels":{"resourceVersion":"7"},"uid":"u","resourceVersion":"99"},"data":{"resourceVersion":"99"}}""";
        Assert.Equal(
            """{"kind":"ConfigMap","metadata":{"name":"a","labels":{"resourceVersion":"7"},"uid":"u","resourceVersion":"100"},"data":{"resourceVersion":"99"}}""",
            Encoding.UTF8.GetString(JsonStamp.OtherResourceVersion(Encoding.UTF8.GetBytes(Json), 100, out var end)));
        Assert.EndsWith("\"100\"", Encoding.UTF8.GetString(JsonStamp.OtherResourceVersion(Encoding.UTF8.GetBytes(Json), 100, out _).AsSpan(0, end)), StringComparison.Ordinal);
    }

    private CachedObject Cached(string key, ReadOnlySpan<byte> json, int front = 0) => new(key, new ConfigMap(), json, front, 1, _parts);

    /// <summary>Text in which no two places look alike.</summary>
    private static byte[] Noise(int length, int seed)
    {
        var text = new byte[length];
        new Random(seed).NextBytes(text);
        return text;
    }
}
