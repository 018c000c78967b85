using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api.Patching;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Api.Tests.Patching;

public sealed class StrategicMergePatchTests
{
    private static readonly SchemaType Spec = SchemaType.Find("io.k8s.api.core.v1.PodSpec")!;
    private static readonly SchemaType Meta = SchemaType.Find("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;

    private static string Apply(string document, string patch, SchemaType? schema = null) =>
        StrategicMergePatch.Apply(JsonNode.Parse(document)!, Encoding.UTF8.GetBytes(patch), schema ?? Spec).ToJsonString();

    [Fact]
    public void Items_are_merged_by_key_and_new_ones_stand_first() => Assert.Equal(
        """{"containers":[{"name":"b","image":"1"},{"name":"a","image":"2","tty":true}]}""",
        Apply("""{"containers":[{"name":"a","image":"1","tty":true}]}""", """{"containers":[{"name":"b","image":"1"},{"name":"a","image":"2"}]}"""));

    [Fact]
    public void Items_of_the_server_keep_their_place_before_those_of_the_patch_that_followed_them() => Assert.Equal(
        """{"containers":[{"name":"x"},{"name":"a"},{"name":"b","tty":true},{"name":"c"}]}""",
        Apply("""{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}""", """{"containers":[{"name":"x"},{"name":"b","tty":true}]}"""));

    [Fact]
    public void An_item_is_deleted_by_its_key() => Assert.Equal(
        """{"containers":[{"name":"b"}]}""",
        Apply("""{"containers":[{"name":"a"},{"name":"b"}]}""", """{"containers":[{"$patch":"delete","name":"a"}]}"""));

    [Fact]
    public void A_list_is_replaced_on_demand() => Assert.Equal(
        """{"containers":[{"name":"c"}]}""",
        Apply("""{"containers":[{"name":"a"},{"name":"b"}]}""", """{"containers":[{"name":"c"},{"$patch":"replace"}]}"""));

    [Fact]
    public void An_object_is_replaced_or_emptied_on_demand()
    {
        Assert.Equal("""{"securityContext":{"runAsUser":2}}""",
            Apply("""{"securityContext":{"runAsUser":1,"fsGroup":3}}""", """{"securityContext":{"$patch":"replace","runAsUser":2}}"""));
        Assert.Equal("""{"securityContext":{}}""",
            Apply("""{"securityContext":{"runAsUser":1}}""", """{"securityContext":{"$patch":"delete"}}"""));
    }

    [Fact]
    public void Null_removes_and_unmatched_nulls_are_dropped()
    {
        Assert.Equal("{}", Apply("""{"nodeName":"n"}""", """{"nodeName":null}"""));
        Assert.Equal("""{"securityContext":{"runAsUser":1}}""", Apply("{}", """{"securityContext":{"runAsUser":1,"fsGroup":null}}"""));
    }

    [Fact]
    public void Atomic_lists_and_maps_of_the_schema_are_replaced_or_merged()
    {
        Assert.Equal("""{"tolerations":[{"key":"b"}]}""", Apply("""{"tolerations":[{"key":"a"}]}""", """{"tolerations":[{"key":"b"}]}"""));
        Assert.Equal("""{"nodeSelector":{"a":"1","b":"2"}}""", Apply("""{"nodeSelector":{"a":"1"}}""", """{"nodeSelector":{"b":"2"}}"""));
    }

    [Fact]
    public void Scalars_are_merged_as_a_set_and_deleted_by_a_parallel_list()
    {
        Assert.Equal("""{"finalizers":["c","a","b"]}""", Apply("""{"finalizers":["a","b"]}""", """{"finalizers":["c"]}""", Meta));
        Assert.Equal("""{"finalizers":["b"]}""", Apply("""{"finalizers":["a","b"]}""", """{"$deleteFromPrimitiveList/finalizers":["a"]}""", Meta));
        Assert.Equal("{}", Apply("{}", """{"$deleteFromPrimitiveList/finalizers":["a"]}""", Meta));
    }

    [Fact]
    public void An_order_directive_arranges_the_items() => Assert.Equal(
        """{"containers":[{"name":"c","image":"3"},{"name":"s"},{"name":"a","image":"1"}]}""",
        Apply("""{"containers":[{"name":"s"},{"name":"a","image":"1"}]}""",
            """{"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],"containers":[{"name":"c","image":"3"}]}"""));

    [Fact]
    public void An_order_without_items_only_moves_them() => Assert.Equal(
        """{"containers":[{"name":"b"},{"name":"a"}]}""",
        Apply("""{"containers":[{"name":"a"},{"name":"b"}]}""", """{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}"""));

    [Fact]
    public void Members_that_are_not_retained_go() => Assert.Equal(
        """{"volumes":[{"name":"v","emptyDir":{}}]}""",
        Apply("""{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}""", """{"volumes":[{"name":"v","$retainKeys":["name","emptyDir"],"emptyDir":{}}]}"""));

    [Theory]
    [InlineData("""{"containers":[{"image":"x"}]}""", 500, "map: map[image:x] does not contain declared merge key: name")]
    [InlineData("""{"nonsense":{"a":1}}""", 200, "")]
    [InlineData("""{"securityContext":{"$patch":"frob"}}""", 500, "unknown patch type: frob in map: map[]")]
    [InlineData("""{"containers":[{"$patch":"merge","name":"a"}]}""", 500, "merging lists cannot yet be specified in the patch")]
    [InlineData("""{"containers":[1]}""", 500, "list element types are not identical: [map[name:a] 1]")]
    [InlineData("""{"$setElementOrder":[]}""", 400, "invalid patch format of setElementOrder list")]
    [InlineData("""{"$deleteFromPrimitiveList":[]}""", 400, "invalid patch format of primitive list")]
    [InlineData("""{"$retainKeys":1}""", 400, "invalid patch format of retainKeys")]
    [InlineData("[]", 400, "json: cannot unmarshal array into Go value of type map[string]interface {}")]
    [InlineData("{", 400, "unexpected end of JSON input")]
    public void A_bad_patch_is_refused_in_upstreams_words(string patch, int code, string message)
    {
        const string document = """{"containers":[{"name":"a"}],"securityContext":{"fsGroup":1}}""";
        if (code == 200)
        {
            Assert.Contains("nonsense", Apply(document, patch), StringComparison.Ordinal);
            return;
        }

        var refused = Assert.Throws<ApiException>(() => Apply(document, patch));
        Assert.Equal(code, refused.Code);
        Assert.Equal(message, refused.Message);
    }

    [Fact]
    public void Any_patch_is_applied_or_refused() => Prop.ForAll(
        Gen.Elements("\"containers\":[{\"name\":\"a\"}]", "\"containers\":[{\"$patch\":\"delete\",\"name\":\"a\"}]", "\"containers\":[null]", "\"containers\":null",
            "\"$setElementOrder/containers\":[{\"name\":\"b\"}]", "\"$setElementOrder/containers\":[1]", "\"$retainKeys\":[\"containers\"]", "\"$patch\":\"replace\"",
            "\"volumes\":[{\"name\":\"v\",\"$retainKeys\":[\"name\"]}]", "\"volumes\":{}", "\"nodeName\":[[1]]", "\"x\":{\"$patch\":1}",
            "\"$deleteFromPrimitiveList/containers\":[1]", "\"containers\":[[1]]").ListOf().Select(list => "{" + string.Join(',', list) + "}").ToArbitrary(),
        patch =>
        {
            try
            {
                return Apply("""{"containers":[{"name":"a"},{"name":"b"}],"volumes":[{"name":"v"}],"x":{},"nodeName":"n"}""", patch).Length > 0;
            }
            catch (ApiException refused)
            {
                return refused.Code is 400 or 500;
            }
        }).QuickCheckThrowOnFailure();
}
