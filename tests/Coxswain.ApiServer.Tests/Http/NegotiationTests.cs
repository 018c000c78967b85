using Coxswain.ApiServer.Http;

namespace Coxswain.ApiServer.Tests.Http;

public sealed class NegotiationTests
{
    [Theory]
    [InlineData("", "Json", "None")]
    [InlineData("*/*", "Json", "None")]
    [InlineData("application/yaml", "Yaml", "None")]
    [InlineData("application/vnd.kubernetes.protobuf, application/json", "Protobuf", "None")]
    [InlineData("text/*, application/json;q=0.5", "Json", "None")]
    [InlineData("application/json;q=0.5, application/yaml", "Yaml", "None")]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "Json", "Table")]
    [InlineData("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", "Json", "None")]
    [InlineData("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "Json", "PartialObjectMetadataList")]
    public void The_best_form_that_can_be_made_is_agreed_on(string accept, string wire, string transform)
    {
        var format = Negotiation.Negotiate(accept, pretty: false, transforms: true);

        Assert.NotNull(format);
        Assert.Equal((wire, transform), (format.Wire.ToString(), format.Transform.ToString()));
    }

    [Theory]
    [InlineData("application/json;as=Table;v=v9;g=meta.k8s.io")]
    [InlineData("application/json;as=Nothing;v=v1;g=meta.k8s.io")]
    [InlineData("application/xml")]
    public void A_form_that_nobody_can_make_is_refused(string accept) => Assert.Null(Negotiation.Negotiate(accept, pretty: false, transforms: true));

    [Fact]
    public void The_route_knows_whole_media_types_only()
    {
        Assert.True(Negotiation.RouteAccepts("text/html, */*"));
        Assert.True(Negotiation.RouteAccepts("application/json;as=Anything"));
        Assert.False(Negotiation.RouteAccepts("application/*"));
    }
}
