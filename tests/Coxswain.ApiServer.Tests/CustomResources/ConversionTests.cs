using System.Text.Json.Nodes;
using Coxswain.ApiServer.Tests.Conformance;
using static Coxswain.ApiServer.Tests.CustomResources.Definitions;

namespace Coxswain.ApiServer.Tests.CustomResources;

/// <summary>Versions that a webhook converts: <c>spec.size</c> of v1 is <c>spec.length</c> of v2, in which objects are stored.</summary>
[Collection(nameof(CustomCluster))]
public sealed class ConversionTests(CustomCluster fixture) : IDisposable
{
    private const string One = """{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}}}}""";
    private const string Two = """{"type":"object","properties":{"spec":{"type":"object","properties":{"length":{"type":"integer"}}}}}""";

    private readonly Conformance.Api _api = new(fixture.Cluster);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _api.Dispose();

    private static JsonNode Convert(JsonNode question, Action<JsonObject>? spoil = null)
    {
        var request = question["request"]!;
        var wanted = (string)request["desiredAPIVersion"]!;
        var converted = new JsonArray();
        foreach (var document in request["objects"]!.AsArray())
        {
            var copy = document!.DeepClone().AsObject();
            copy["apiVersion"] = wanted;
            if (copy["spec"] is JsonObject spec)
            {
                var (from, to) = wanted.EndsWith("v2", StringComparison.Ordinal) ? ("size", "length") : ("length", "size");
                if (spec.Remove(from, out var value))
                    spec[to] = value?.DeepClone();
            }

            spoil?.Invoke(copy);
            converted.Add((JsonNode)copy);
        }

        return new JsonObject
        {
            ["apiVersion"] = question["apiVersion"]!.DeepClone(),
            ["kind"] = "ConversionReview",
            ["response"] = new JsonObject
            {
                ["uid"] = request["uid"]!.DeepClone(),
                ["convertedObjects"] = converted,
                ["result"] = new JsonObject { ["status"] = "Success" },
            },
        };
    }

    private async Task<(string Group, string Things)> DefineAsync(FakeWebhook webhook)
    {
        var group = NewGroup();
        var conversion = ",\"conversion\":{\"strategy\":\"Webhook\",\"webhook\":{\"conversionReviewVersions\":[\"v1\"],\"clientConfig\":{\"url\":\""
            + webhook.Url("/convert") + "\",\"caBundle\":\"" + webhook.CaBundle + "\"}}}";
        await new Definitions(_api).MakeAsync(group, Document(group, Version(One, storage: false) + "," + Version(Two, "v2"), spec: conversion));
        return (group, $"/apis/{group}/v1/namespaces/{await _api.NamespaceAsync()}/things");
    }

    private static string InTwo(string things) => things.Replace("/v1/", "/v2/", StringComparison.Ordinal);

    [Fact]
    public async Task Objects_are_read_and_watched_in_every_version_as_the_webhook_makes_them()
    {
        await using var webhook = new FakeWebhook((_, question) => Convert(question));
        var (group, things) = await DefineAsync(webhook);

        var created = (await _api.PostAsync(things, Thing(group, "a", ""","spec":{"size":3}"""))).Expect(201);
        Assert.Equal("""{"size":3}""", created["spec"]!.ToJsonString());
        Assert.Equal("""{"length":3}""", (await _api.GetAsync(InTwo(things) + "/a")).Expect(200)["spec"]!.ToJsonString());
        (await _api.MergeAsync(InTwo(things) + "/a", """{"spec":{"length":4}}""")).Expect(200);
        Assert.Equal("""{"size":4}""", (await _api.GetAsync(things)).Expect(200)["items/0/spec"]!.ToJsonString());

        using var watch = await _api.Http.GetAsync(things + "?watch=1", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var reader = new StreamReader(await watch.Content.ReadAsStreamAsync(Cancellation));
        Assert.Contains("""{"size":4}""", await reader.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        (await _api.MergeAsync(InTwo(things) + "/a", """{"spec":{"length":5}}""")).Expect(200);
        Assert.Contains("""{"size":5}""", await reader.ReadLineAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_may_change_labels_but_no_names()
    {
        await using var webhook = new FakeWebhook((_, question) => Convert(question, converted =>
        {
            converted["metadata"]!["name"] = "stolen";
            converted["metadata"]!["labels"] = new JsonObject { ["seen"] = "yes" };
        }));
        var (group, things) = await DefineAsync(webhook);
        (await _api.PostAsync(InTwo(things), Thing(group, "a", ""","spec":{"length":3}""", "v2"))).Expect(201);

        var read = (await _api.GetAsync(things + "/a")).Expect(200);

        Assert.Equal("a", read.String("metadata/name"));
        Assert.Equal("yes", read.String("metadata/labels/seen"));
    }

    [Fact]
    public async Task What_cannot_be_converted_is_refused_with_the_words_of_the_webhook()
    {
        await using var webhook = new FakeWebhook((_, question) => new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "ConversionReview",
            ["response"] = new JsonObject
            {
                ["uid"] = question["request"]!["uid"]!.DeepClone(),
                ["result"] = new JsonObject { ["status"] = "Failure", ["message"] = "not today" },
            },
        });
        var (group, things) = await DefineAsync(webhook);

        var refused = (await _api.PostAsync(things, Thing(group, "a", ""","spec":{"size":3}"""))).Expect(500);

        Assert.Equal($"conversion webhook for {group}/v1, Kind=Thing failed: not today", refused.Message);
    }
}
