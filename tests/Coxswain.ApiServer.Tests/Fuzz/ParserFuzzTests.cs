using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Patching;
using Coxswain.Api.Selectors;
using Coxswain.Api.ServerSideApply;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Verbs;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.ApiServer.Tests.Fuzz;

/// <summary>Whatever text comes, a parser of requests gives a result or a refusal with a client's code, and nothing else.</summary>
public sealed class ParserFuzzTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Paths =
    [
        "/api/v1/namespaces/ns/pods/p/exec", "/apis/apps/v1/namespaces/ns/deployments/d/scale", "/api/v1/watch/namespaces/ns/pods", "/api/v1/proxy/nodes/n/x",
        "/api/v1/namespaces/ns/services/https:s:443/proxy/a//b/../c%2Fd", "/api", "/apis/", "/", "", "/api/v1", "/apis/a/b/namespaces//pods", "/healthz/ping",
    ];

    private static readonly string[] Queries =
    [
        "?watch=true&resourceVersion=1&allowWatchBookmarks=1&timeoutSeconds=5&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
        "?limit=5&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhXHUwMDAwIn0&labelSelector=a%3Db&fieldSelector=metadata.name%3Dx",
        "?dryRun=All&fieldManager=m&fieldValidation=Strict&force=true&timeout=5s&pretty=1", "?gracePeriodSeconds=1&propagationPolicy=Orphan&orphanDependents=true",
    ];

    private static void Check<T>(Gen<T> cases, Action<T> parse, int usual = 600) =>
        Prop.ForAll(Arb.From(cases), parse).Check(Config.QuickThrowOnFailure.WithMaxTest(Mutations.Runs(usual)));

    /// <summary>Errors that have no status of their own in upstream, and are answered there with 500 or 504 as they are here.</summary>
    internal static readonly string[] UpstreamsOwn =
    [
        "strconv.ParseUint", "Too large resource version", "resourceVersion should not be set on objects to be created",
        "failed to create typed patch object", "unknown patch type", "unable to find api field in struct", "expected a map[string]interface {}, but received",
        "but received a ", "cannot merge lists without merge key", "merging lists cannot yet be specified", "does not contain declared merge key",
        "lists of lists are not supported", "list element types are not identical", "The order in patch list", "failed to decode managed fields", "target.kind: Unsupported value", "target.name: Required value",
    ];

    /// <summary>The exception that says no to a client.</summary>
    private static void Refusable(Action parse)
    {
        try
        {
            parse();
        }
        catch (ApiException e)
        {
            Assert.True(e.Code is >= 400 and < 500 || UpstreamsOwn.Any(text => e.Message.Contains(text, StringComparison.Ordinal)), e.Message);
        }
    }

    [Fact]
    public void Any_path_and_query_is_parsed() => Check(
        from path in Mutations.Of(Paths)
        from query in Mutations.Of(Queries)
        select (path, query),
        input =>
        {
            var query = QueryParameters.Parse(input.query);
            foreach (var method in new[] { "GET", "POST", "DELETE", "OPTIONS", "x" })
                RequestInfoParser.Parse(method, input.path, query);
            PercentDecoder.TryDecode(input.path, plusIsSpace: false, out _);
            Refusable(() => ListQueryOptions.Parse(query, watch: false));
            Refusable(() => ListQueryOptions.Parse(query, watch: true));
            Refusable(() => WriteOptions.Parse("PatchOptions", query, input.path, PatchTypes.Apply));
            Refusable(() => WriteOptions.Parse("CreateOptions", query, input.path));
            Assert.DoesNotContain('\0', query.Without("watch"));
        });

    [Fact]
    public void Any_accept_header_is_negotiated() => Check(
        Mutations.Of("application/json;as=Table;v=v1;g=meta.k8s.io,application/json;q=0.5", "application/vnd.kubernetes.protobuf;stream=watch", "*/*", "text/*;q=x,application/yaml"),
        text =>
        {
            Negotiation.RouteAccepts(text);
            Negotiation.Negotiate(text, pretty: false, transforms: true);
            Negotiation.Negotiate(text, pretty: true, transforms: false);
        });

    [Fact]
    public void Any_continue_token_is_decoded_or_refused() => Check(
        Gen.OneOf(
            Mutations.Of("""{"v":"meta.k8s.io/v1","rv":5,"start":"ns/a\u0000"}""", """{"v":"meta.k8s.io/v1","rv":-1,"start":"a"}""")
                .Select(json => Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_')),
            Mutations.Of(ContinueToken.Encode(77, "/registry/pods/ns/a", "/registry/pods/"))),
        text => Refusable(() => ContinueToken.Decode(text, "/registry/pods/")));

    [Fact]
    public void Any_selector_is_parsed_or_refused() => Check(
        Mutations.Of("a in (b, c),!d,e!=f,g notin(h),i", "x.y/z=1,a==b", "metadata.name=a,status.phase!=Running", "a>1,b<2"),
        text =>
        {
            if (Selector.TryParse(text, out var selector, out _))
                selector.Matches(ApiMap.Of("a", "b"));
            if (FieldSelector.TryParse(text, out var fields, out _))
                foreach (var term in fields.Terms)
                    term.Matches("x");
        });

    [Fact]
    public void Any_duration_is_parsed_or_refused() => Check(
        Mutations.Of("1h2m3.5s", "-1.5h", "300ms", "1us", "0", "9223372036854775807ns"),
        text =>
        {
            try
            {
                GoDuration.Parse(text);
            }
            catch (DecodeException)
            {
                // What a client is told.
            }
        });

    private static readonly string Live = """
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"ns","labels":{"a":"b"},"finalizers":["x/y"]},
         "spec":{"containers":[{"name":"c","image":"i","env":[{"name":"E","value":"1"}],"ports":[{"containerPort":80,"protocol":"TCP"}]}],
         "tolerations":[{"key":"k"}]},"status":{"conditions":[{"type":"Ready","status":"True"}]}}
        """;

    [Fact]
    public void Any_json_patch_applies_or_is_refused() => Check(
        Mutations.Of(
            """[{"op":"add","path":"/metadata/labels/a~1b","value":{"x":[1]}},{"op":"remove","path":"/spec/containers/0"}]""",
            """[{"op":"copy","from":"/spec","path":"/status/x"},{"op":"move","from":"/a","path":"/b"},{"op":"test","path":"/kind","value":"Pod"}]""",
            """[{"op":"replace","path":"/spec/containers/-1/image","value":null},{"op":"add","path":"/spec/tolerations/-","value":0}]"""),
        text => Refusable(() => JsonPatch.Apply(JsonNode.Parse(Live), Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Any_merge_patch_applies_or_is_refused() => Check(
        Mutations.Of("""{"metadata":{"labels":{"a":null,"c":"d"}},"spec":{"containers":[]}}"""),
        text => Refusable(() => MergePatch.Apply(JsonNode.Parse(Live), Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Any_strategic_merge_patch_applies_or_is_refused() => Check(
        Mutations.Of(
            """{"spec":{"containers":[{"name":"c","env":[{"$patch":"delete","name":"E"}],"$setElementOrder/ports":[{"containerPort":80}]}],"$setElementOrder/containers":[{"name":"c"}]}}""",
            """{"metadata":{"$deleteFromPrimitiveList/finalizers":["x/y"],"labels":{"$patch":"replace","q":"r"},"$retainKeys":["labels"]}}""",
            """{"spec":{"tolerations":[{"key":"z"}],"$patch":"merge"},"status":{"conditions":[{"$patch":"replace"},{"type":"X"}]}}"""),
        text => Refusable(() => StrategicMergePatch.Apply(JsonNode.Parse(Live)!, Encoding.UTF8.GetBytes(text), Pod.Codec.Schema)));

    [Fact]
    public void Any_applied_configuration_is_merged_or_refused()
    {
        var manager = ManagedFieldsManager.For(Pod.Codec);
        var json = Encoding.UTF8.GetBytes(Live);
        Check(
            Mutations.Of(
                """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"ns","labels":{"a":"c"}},"spec":{"containers":[{"name":"c","image":"j","ports":[{"containerPort":80}]}]}}""",
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n    image: &i x\n  - {name: d, image: *i}\n"),
            text => Refusable(() =>
            {
                ReadOnlyMemory<byte> configuration;
                try
                {
                    configuration = YamlBody.ToJson(Encoding.UTF8.GetBytes(text));
                }
                catch (DecodeException)
                {
                    return;
                }

                manager.Apply(json, configuration, default, true, new() { Manager = "m", Time = Now });
            }));
    }
}
