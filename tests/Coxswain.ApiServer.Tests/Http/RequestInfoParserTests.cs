using Coxswain.ApiServer.Http;

namespace Coxswain.ApiServer.Tests.Http;

public sealed class RequestInfoParserTests
{
    [Theory]
    [InlineData("GET", "/api/v1/namespaces/ns/pods/p", "", "get", "ns", "pods", "p", "")]
    [InlineData("GET", "/api/v1/namespaces/ns/pods", "", "list", "ns", "pods", "", "")]
    [InlineData("GET", "/api/v1/namespaces/ns/pods", "watch=true", "watch", "ns", "pods", "", "")]
    [InlineData("GET", "/api/v1/namespaces/ns/pods", "watch=0", "list", "ns", "pods", "", "")]
    [InlineData("GET", "/api/v1/watch/namespaces/ns/pods", "", "watch", "ns", "pods", "", "")]
    [InlineData("GET", "/api/v1/pods", "fieldSelector=metadata.name%3Dp", "list", "", "pods", "p", "")]
    [InlineData("POST", "/api/v1/namespaces/ns/pods/p/exec", "", "create", "ns", "pods", "p", "exec")]
    [InlineData("DELETE", "/api/v1/namespaces/ns/pods", "", "deletecollection", "ns", "pods", "", "")]
    [InlineData("GET", "/api/v1/namespaces/ns", "", "get", "ns", "namespaces", "ns", "")]
    [InlineData("PUT", "/api/v1/namespaces/ns/finalize", "", "update", "ns", "namespaces", "ns", "finalize")]
    [InlineData("PUT", "/api/v1/namespaces/ns/status", "", "update", "ns", "namespaces", "ns", "status")]
    [InlineData("PATCH", "/api/v1/nodes/n", "", "patch", "", "nodes", "n", "")]
    public void A_path_of_the_core_group_names_verb_namespace_resource_name_and_subresource(
        string method, string path, string query, string verb, string @namespace, string resource, string name, string subresource)
    {
        var info = RequestInfoParser.Parse(method, path, QueryParameters.Parse(query));

        Assert.True(info.IsResourceRequest);
        Assert.Equal((verb, @namespace, resource, name, subresource), (info.Verb, info.Namespace, info.Resource, info.Name, info.Subresource));
    }

    [Fact]
    public void A_path_of_a_group_names_group_and_version()
    {
        var info = RequestInfoParser.Parse("GET", "/apis/apps/v1/namespaces/ns/deployments/d/scale", QueryParameters.Empty);

        Assert.Equal(("apps", "v1", "deployments", "scale"), (info.ApiGroup, info.ApiVersion, info.Resource, info.Subresource));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    [InlineData("/api/v1")]
    [InlineData("/apis/apps/v1")]
    [InlineData("/healthz/ping")]
    [InlineData("/api/v1/watch")]
    [InlineData("//")]
    public void Other_paths_are_no_resource_requests(string path)
    {
        var info = RequestInfoParser.Parse("GET", path, QueryParameters.Empty);

        Assert.False(info.IsResourceRequest);
        Assert.Equal("get", info.Verb);
    }

    [Fact]
    public void What_follows_a_proxy_keeps_its_slashes()
    {
        Assert.Equal("/a/b/", RequestInfoParser.Parse("GET", "/api/v1/namespaces/ns/services/s/proxy/a/b/", QueryParameters.Empty).Rest);
        Assert.Equal("/", RequestInfoParser.Parse("GET", "/api/v1/namespaces/ns/services/s/proxy/", QueryParameters.Empty).Rest);
        Assert.Equal("", RequestInfoParser.Parse("GET", "/api/v1/namespaces/ns/services/s/proxy", QueryParameters.Empty).Rest);
    }

    [Theory]
    [InlineData("a=1&b=%zz&c=3", "a,c")]
    [InlineData("a=1;b=2&c=3", "c")]
    [InlineData("&&a=+x", "a")]
    public void Pairs_of_a_query_that_cannot_be_read_are_left_out(string query, string names) =>
        Assert.Equal(names, string.Join(',', QueryParameters.Parse(query).All.Select(p => p.Key)));
}
