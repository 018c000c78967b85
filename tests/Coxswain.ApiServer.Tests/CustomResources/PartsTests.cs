using System.Text.Json;
using Coxswain.Api.CustomResources;
using Coxswain.ApiServer.CustomResources;
using Coxswain.ApiServer.CustomResources.Validation;

namespace Coxswain.ApiServer.Tests.CustomResources;

/// <summary>The small parts that custom resources are made of.</summary>
public sealed class PartsTests
{
    [Fact]
    public void Versions_are_ordered_released_ones_first_and_greater_numbers_first() =>
        Assert.Equal(
            ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"],
            new[] { "foo10", "v1", "v11alpha2", "v3beta1", "foo1", "v10", "v12alpha1", "v11beta2", "v2", "v10beta3" }.Order(ApiVersionOrder.Instance));

    [Theory]
    [InlineData(".spec.a", "1")]
    [InlineData(".list[0].n", "\"x\"")]
    [InlineData(".list[-1].n", "\"y\"")]
    [InlineData(".list[*].n", "\"x\",\"y\"")]
    [InlineData(".list[?(@.n=='y')].v", "2")]
    [InlineData(".list[?(@.v>1)].n", "\"y\"")]
    [InlineData(".map['a.b']", "3")]
    [InlineData(@".map.a\.b", "3")]
    [InlineData("..v", "1,2")]
    [InlineData(".none.a", "")]
    [InlineData(".list[5]", "")]
    public void A_path_leads_to_its_values(string path, string expected)
    {
        var root = JsonElement.Parse("""{"spec":{"a":1},"list":[{"n":"x","v":1},{"n":"y","v":2}],"map":{"a.b":3}}""");

        Assert.Equal(expected, string.Join(',', JsonPath.TryParse(path)!.Find(root).Select(value => value.GetRawText())));
    }

    [Theory]
    [InlineData(".a[")]
    [InlineData(".a[x]")]
    [InlineData(".a[?(b)]")]
    public void A_text_that_is_no_path_is_told_apart(string path) => Assert.Null(JsonPath.TryParse(path));

    [Theory]
    [InlineData(1.0, "1")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e20, "100000000000000000000")]
    [InlineData(1e21, "1e+21")]
    [InlineData(1e-7, "1e-07")]
    [InlineData(0.000001, "0.000001")]
    public void Numbers_are_written_as_Go_writes_them(double number, string expected) => Assert.Equal(expected.Replace("e-07", "e-7", StringComparison.Ordinal), GoNumber.Format(number));

    [Theory]
    [InlineData("date-time", "2020-01-02T03:04:05Z", true)]
    [InlineData("date-time", "yesterday", false)]
    [InlineData("ipv4", "10.0.0.1", true)]
    [InlineData("ipv4", "10.0.0", false)]
    [InlineData("cidr", "10.0.0.0/33", false)]
    [InlineData("uuid4", "8c2f9d0e-41d7-4a51-9a5e-3ad0f2b7c001", true)]
    [InlineData("uuid4", "8c2f9d0e-41d7-1a51-9a5e-3ad0f2b7c001", false)]
    [InlineData("duration", "1h30m", true)]
    [InlineData("unheard-of", "anything", true)]
    public void Formats_that_are_known_are_checked(string format, string text, bool accepted) => Assert.Equal(accepted, KnownFormats.Accepts(format, text));
}
