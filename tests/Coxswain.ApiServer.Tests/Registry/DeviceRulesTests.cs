using Coxswain.Api.Meta.V1;
using Coxswain.Api.Resource.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>The kinds of resource.k8s.io: wishes, what was given, and what is offered.</summary>
public sealed class DeviceRulesTests
{
    private const string Names = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string NoSuchRequest =
        "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

    private static string Claim(string devices) => $$$"""{"metadata":{"name":"c"},"spec":{"devices":{{{devices}}}}}""";

    private static string Slice(string spec) =>
        $$$"""{"metadata":{"name":"s"},"spec":{"driver":"d.example.com","pool":{"name":"p","resourceSliceCount":1},{{{spec}}}}}""";

    private static string Device(string members) => Slice("\"nodeName\":\"n\",\"devices\":[{\"name\":\"d\"" + members + "}]");

    [Fact]
    public void A_request_is_for_exactly_one_device_unless_it_says_otherwise()
    {
        var claim = Rules.Create<ResourceClaim>(Claim(
            """{"requests":[{"name":"r","exactly":{"deviceClassName":"gpu","tolerations":[{"key":"k"}]}},{"name":"f","firstAvailable":[{"name":"a","deviceClassName":"gpu"}]}]}"""));

        var (exactly, alternative) = (claim.Spec.Devices.Requests[0].Exactly!, claim.Spec.Devices.Requests[1].FirstAvailable[0]);
        Assert.Equal(("ExactCount", 1, "Equal"), (exactly.AllocationMode, exactly.Count, exactly.Tolerations[0].Operator));
        Assert.Equal(("ExactCount", 1), (alternative.AllocationMode, alternative.Count));
    }

    [Theory]
    [InlineData("""{"requests":[{"name":"r"}]}""", "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required")]
    [InlineData("""{"requests":[{"name":"r","exactly":{"deviceClassName":"g"},"firstAvailable":[{"name":"a","deviceClassName":"g"}]}]}""",
        "spec.devices.requests[0]: Invalid value: \"null\": exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set")]
    [InlineData("""{"requests":[{"name":"R","exactly":{}}]}""",
        "spec.devices.requests[0].name: Invalid value: \"R\": " + Names, "spec.devices.requests[0].exactly.deviceClassName: Required value")]
    [InlineData("""{"requests":[{"name":"r","exactly":{"deviceClassName":"g","allocationMode":"All","count":2}}]}""",
        "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'")]
    [InlineData("""{"requests":[{"name":"r","exactly":{"deviceClassName":"g","allocationMode":"Some","selectors":[{}]}}]}""",
        "spec.devices.requests[0].exactly.selectors[0].cel: Required value",
        "spec.devices.requests[0].exactly.allocationMode: Unsupported value: \"Some\": supported values: \"All\", \"ExactCount\"")]
    [InlineData("""{"requests":[{"name":"r","exactly":{"deviceClassName":"g","tolerations":[{"operator":"Exists","value":"v","effect":"E"}]}}]}""",
        "spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: \"v\": must be empty for operator `Exists`",
        "spec.devices.requests[0].exactly.tolerations[0].effect: Unsupported value: \"E\": supported values: \"NoExecute\", \"NoSchedule\", \"None\"")]
    [InlineData("""{"requests":[{"name":"r","exactly":{"deviceClassName":"g"}},{"name":"r","exactly":{"deviceClassName":"g"}}]}""",
        "spec.devices.requests[1]: Duplicate value: \"r\"")]
    [InlineData("""{"constraints":[{"requests":["x"]}]}""",
        "spec.devices.constraints[0].requests[0]: Invalid value: \"x\": " + NoSuchRequest,
        "spec.devices.constraints[0]: Required value: exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set")]
    [InlineData("""{"constraints":[{"matchAttribute":"numa"}]}""",
        "spec.devices.constraints[0].matchAttribute: Invalid value: \"numa\": a fully qualified name must be a domain and a name separated by a slash")]
    [InlineData("""{"config":[{}]}""", "spec.devices.config[0].opaque: Required value")]
    [InlineData("""{"config":[{"opaque":{"driver":"d.example.com","parameters":[1]}}]}""",
        "spec.devices.config[0].opaque.parameters: Invalid value: \"<value omitted>\": must be a valid JSON object")]
    public void Wishes_are_judged_in_upstreams_words(string devices, params string[] causes) =>
        Assert.Equal(causes, Rules.Causes<ResourceClaim>(Claim(devices)));

    [Fact]
    public void Devices_in_use_are_looked_at_only_from_namespaces_made_for_that() => Assert.Equal(
        ["spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace"],
        Rules.Causes<ResourceClaim>(Claim("""{"requests":[{"name":"r","exactly":{"deviceClassName":"g","adminAccess":true}}]}""")));

    [Fact]
    public void What_was_wished_never_changes()
    {
        var claim = Rules.Create<ResourceClaim>(Claim("""{"requests":[{"name":"r","exactly":{"deviceClassName":"g"}}]}"""));

        Assert.Equal("ResourceClaim.resource.k8s.io \"c\" is invalid: spec: Invalid value: {\"devices\":{\"requests\":null}}: field is immutable",
            Rules.UpdateRefusal(claim, c => c with { Spec = ResourceClaimSpec.Empty }).Message);
    }

    [Fact]
    public void What_was_given_is_judged_once_and_then_stays()
    {
        var claim = Rules.Create<ResourceClaim>(Claim("""{"requests":[{"name":"r","exactly":{"deviceClassName":"g"}}]}"""));
        var allocated = Rules.Update(claim, c => c with { Status = Given("r", "dev-0") }, "status");

        Assert.Equal(["status.allocation.devices.results[0].request: Invalid value: \"x\": " + NoSuchRequest],
            Rules.UpdateCauses(claim, c => c with { Status = Given("x", "dev-0") }, "status"));
        Assert.EndsWith(": field is immutable",
            Assert.Single(Rules.UpdateCauses(allocated, c => c with { Status = Given("r", "dev-1") }, "status")), StringComparison.Ordinal);
        Assert.Equal(
            ["status.reservedFor[0].uid: Required value", "status.reservedFor: Forbidden: may not be specified when `allocated` is not set"],
            Rules.UpdateCauses(claim, c => c with
            {
                Status = new ResourceClaimStatus { ReservedFor = [new ResourceClaimConsumerReference { Resource = "pods", Name = "p" }] },
            }, "status"));
    }

    [Fact]
    public void What_drivers_tell_of_a_device_ends_with_its_allocation()
    {
        var claim = Rules.Create<ResourceClaim>(Claim("""{"requests":[{"name":"r","exactly":{"deviceClassName":"g"}}]}"""));
        var told = new AllocatedDeviceStatus { Driver = "d.example.com", Pool = "p", Device = "dev-0" };
        var allocated = Rules.Update(claim, c => c with { Status = Given("r", "dev-0") with { Devices = [told] } }, "status");

        Assert.Empty(Rules.Update(allocated, c => c with { Status = c.Status with { Allocation = null } }, "status").Status.Devices);
        Assert.Equal(["status.devices[1]: Invalid value: d.example.com/p/dev-9: must be an allocated device in the claim"],
            Rules.UpdateCauses(allocated, c => c with { Status = c.Status with { Devices = [told, told with { Device = "dev-9" }] } }, "status"));
        Assert.Equal(
            [
                "status.devices[0].conditions[0].type: Invalid value: \"\": name part must be non-empty",
                "status.devices[0].conditions[0].type: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start "
                    + "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
                "status.devices[0].conditions[0].status: Unsupported value: \"\": supported values: \"False\", \"True\", \"Unknown\"",
                "status.devices[0].conditions[0].lastTransitionTime: Required value: must be set",
                "status.devices[0].conditions[0].reason: Required value: must be set",
                "status.devices[0].networkData.ips[0]: Invalid value: \"192.0.2.1\": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)",
            ],
            Rules.UpdateCauses(allocated, c => c with
            {
                Status = c.Status with { Devices = [told with { Conditions = [new Condition()], NetworkData = new NetworkDeviceData { Ips = ["192.0.2.1"] } }] },
            }, "status"));
    }

    [Theory]
    [InlineData(""" "devices":[] """,
        "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required")]
    [InlineData(""" "nodeName":"n","allNodes":true """,
        "spec: Invalid value: \"{`nodeName`, `allNodes`}\": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set")]
    [InlineData(""" "nodeName":"n","allNodes":false """, "spec.allNodes: Invalid value: false: must be either unset or set to true")]
    [InlineData(""" "nodeName":"n","sharedCounters":[{"name":"s"}] """, "spec.sharedCounters[0].counters: Required value")]
    [InlineData(""" "nodeName":"n","devices":[{"name":"d"}],"sharedCounters":[{"name":"s","counters":{"c":{"value":"1"}}}] """,
        "spec: Invalid value: \"\": only one of `sharedCounters` or `devices` is allowed")]
    public void Slices_say_where_and_what_in_one_way(string spec, string cause) => Assert.Equal([cause], Rules.Causes<ResourceSlice>(Slice(spec)));

    [Theory]
    [InlineData(""","attributes":{"a":{}}""", "spec.devices[0].attributes[a]: Invalid value: \"\": exactly one value must be specified")]
    [InlineData(""","attributes":{"a":{"version":"1"}}""",
        "spec.devices[0].attributes[a].version: Invalid value: \"1\": must be a string compatible with semver.org spec 2.0.0")]
    [InlineData(""","attributes":{"x/":{"int":1}}""",
        "spec.devices[0].attributes[x/]: Invalid value: \"\": the name must not be empty")]
    [InlineData(""","capacity":{"m":{"value":"1Gi","requestPolicy":{}}}""",
        "spec.devices[0].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true")]
    [InlineData(""","allowMultipleAllocations":true,"capacity":{"m":{"value":"4","requestPolicy":{"default":"3","validValues":["2","1","8"]}}}""",
        "spec.devices[0].capacity[m].requestPolicy.validValues[1]: Invalid value: \"1\": values must be sorted in ascending order",
        "spec.devices[0].capacity[m].requestPolicy.validValues[2]: Invalid value: \"8\": option is larger than capacity value: 4",
        "spec.devices[0].capacity[m].requestPolicy.validValues: Invalid value: \"3\": default value is not valid according to the requestPolicy")]
    [InlineData(""","allowMultipleAllocations":true,"capacity":{"m":{"value":"4","requestPolicy":{"default":"2","validRange":{"min":"1","step":"2"}}}}""",
        "spec.devices[0].capacity[m].requestPolicy.validRange.step: Invalid value: \"2\": value is not a multiple of a given step (2) from (1)")]
    [InlineData(""","taints":[{"key":"k"}]""", "spec.devices[0].taints[0].effect: Required value")]
    [InlineData(""","allNodes":true""",
        "spec.devices[0]: Invalid value: \"null\": `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec")]
    [InlineData(""","bindingConditions":["a"]""",
        "spec.devices[0].bindingFailureConditions: Invalid value: []: bindingFailureConditions are required to use bindingConditions")]
    [InlineData(""","consumesCounters":[{"counterSet":"s"}]""", "spec.devices[0].consumesCounters[0].counters: Required value")]
    public void Devices_are_judged_in_upstreams_words(string members, params string[] causes) =>
        Assert.Equal(causes, Rules.Causes<ResourceSlice>(Device(members)));

    [Fact]
    public void A_slice_keeps_its_driver_pool_and_node_and_dates_its_taints()
    {
        var slice = Rules.Create<ResourceSlice>(Device(""","taints":[{"key":"k","effect":"NoSchedule"}]"""));

        Assert.Equal(Rules.Now, slice.Spec.Devices[0].Taints[0].TimeAdded);
        Assert.Equal(2, Rules.Update(slice, s => s with { Spec = s.Spec with { Devices = default } }).Metadata.Generation);
        Assert.Equal(
            [
                "spec.pool.name: Invalid value: \"q\": field is immutable",
                "spec.driver: Invalid value: \"e.example.com\": field is immutable",
                "spec.nodeName: Invalid value: \"m\": field is immutable",
            ],
            Rules.UpdateCauses(slice, s => s with
            {
                Spec = s.Spec with { Driver = "e.example.com", NodeName = "m", Pool = s.Spec.Pool with { Name = "q" } },
            }));
    }

    [Fact]
    public void Classes_and_templates_are_judged_like_claims()
    {
        Assert.Equal(["spec.extendedResourceName: Invalid value: \"gpu\": must be a valid extended resource name"],
            Rules.Causes<DeviceClass>("""{"metadata":{"name":"c"},"spec":{"extendedResourceName":"gpu"}}"""));
        Assert.Equal(
            ["spec.metadata.name: Forbidden: cannot be set", "spec.spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"],
            Rules.Causes<ResourceClaimTemplate>(
                """{"metadata":{"name":"t"},"spec":{"metadata":{"name":"x","labels":{"a":"b"}},"spec":{"devices":{"requests":[{"name":"r"}]}}}}"""));
    }

    private static ResourceClaimStatus Given(string request, string device) => new()
    {
        Allocation = new AllocationResult
        {
            Devices = new DeviceAllocationResult
            {
                Results = [new DeviceRequestAllocationResult { Request = request, Driver = "d.example.com", Pool = "p", Device = device }],
            },
        },
    };

    [Theory]
    [InlineData("device.driver == 'a.io' && device.attributes['a.io'].memory > 1 && device.capacity['a.io'].memory.isGreaterThan(quantity('1Gi'))")]
    [InlineData("device.attributes['a.io'].free")]
    [InlineData("device.driver", "spec.selectors[0].cel.expression: Invalid value: \"device.driver\": must evaluate to bool or the unknown type, not string")]
    [InlineData("device.colour == 'a'", "spec.selectors[0].cel.expression: Invalid value: \"device.colour == 'a'\": compilation failed: ERROR: <input>:1:7: undefined field 'colour'*")]
    public void Expressions_that_choose_devices(string expression, params string[] causes)
    {
        var found = Rules.Causes<DeviceClass>($$$"""{"metadata":{"name":"c"},"spec":{"selectors":[{"cel":{"expression":"{{{expression}}}"}}]}}""");
        Assert.Equal(causes.Length, found.Count);
        for (var i = 0; i < causes.Length; i++)
            Assert.StartsWith(causes[i].TrimEnd('*'), found[i], StringComparison.Ordinal);
    }
}
