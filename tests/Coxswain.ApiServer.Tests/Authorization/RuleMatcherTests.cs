using Coxswain.Api.Rbac.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Authorization;

namespace Coxswain.ApiServer.Tests.Authorization;

public sealed class RuleMatcherTests
{
    private static AuthorizationAttributes Asks(string verb, string resource, string subresource = "", string name = "", string group = "") => new()
    {
        User = Users.Anonymous,
        Verb = verb,
        IsResourceRequest = true,
        ApiGroup = group,
        Resource = resource,
        Subresource = subresource,
        Name = name,
    };

    [Fact]
    public void A_rule_for_a_resource_says_nothing_of_its_subresources()
    {
        var rule = new PolicyRule { Verbs = ["get"], ApiGroups = [""], Resources = ["pods", "*/scale"] };

        Assert.True(RuleMatcher.Allows(rule, Asks("get", "pods")));
        Assert.False(RuleMatcher.Allows(rule, Asks("get", "pods", "log")));
        Assert.True(RuleMatcher.Allows(rule, Asks("get", "replicationcontrollers", "scale")));
        Assert.False(RuleMatcher.Allows(rule, Asks("get", "pods", group: "metrics.k8s.io")));
    }

    [Fact]
    public void A_rule_with_names_needs_one_of_them()
    {
        var rule = new PolicyRule { Verbs = ["*"], ApiGroups = [""], Resources = ["configmaps"], ResourceNames = ["a"] };

        Assert.True(RuleMatcher.Allows(rule, Asks("update", "configmaps", name: "a")));
        Assert.False(RuleMatcher.Allows(rule, Asks("update", "configmaps", name: "b")));
        Assert.False(RuleMatcher.Allows(rule, Asks("create", "configmaps")));
    }

    [Theory]
    [InlineData("/healthz", true)]
    [InlineData("/openapi/v2", true)]
    [InlineData("/openapi", false)]
    [InlineData("/healthz/etcd", false)]
    public void Paths_may_end_in_a_star(string path, bool allowed)
    {
        var rule = new PolicyRule { Verbs = ["get"], NonResourceURLs = ["/healthz", "/openapi/*"] };

        Assert.Equal(allowed, RuleMatcher.Allows(rule, new() { User = Users.Anonymous, Verb = "get", Path = path }));
    }

    [Fact]
    public void What_is_not_owned_is_told_in_its_smallest_parts()
    {
        PolicyRule[] owned = [new() { Verbs = ["get", "list"], ApiGroups = [""], Resources = ["pods"] }];
        PolicyRule[] wanted = [new() { Verbs = ["get", "delete"], ApiGroups = [""], Resources = ["pods", "secrets"] }];

        var missing = RuleMatcher.Uncovered(owned, wanted);

        Assert.Equal(["pods delete", "secrets get", "secrets delete"], missing.Select(m => $"{m.Resources[0]} {m.Verbs[0]}"));
        Assert.Empty(RuleMatcher.Uncovered([new() { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] }], wanted));
    }
}
