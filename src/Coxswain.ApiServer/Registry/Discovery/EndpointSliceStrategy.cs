using Coxswain.Api.Discovery.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Discovery;

/// <summary>The rules of endpoint slices.</summary>
internal sealed class EndpointSliceStrategy : Strategy<EndpointSlice>
{
    private const int MaxEndpoints = 1000;
    private const int MaxPorts = 20000;
    private const int MaxAddresses = 100;

    public override bool AllowCreateOnUpdate => true;

    public override bool HasGeneration => true;

    protected override EndpointSlice Default(EndpointSlice o)
    {
        var ports = o.Ports;
        for (var i = 0; i < ports.Count; i++)
            if (ports[i].Name is null || ports[i].Protocol is null)
                ports = ports.SetItem(i, ports[i] with { Name = ports[i].Name ?? "", Protocol = ports[i].Protocol ?? "TCP" });
        return o with { Ports = ports };
    }

    protected override EndpointSlice PrepareForUpdate(StrategyContext c, EndpointSlice updated, EndpointSlice old) =>
        SpecChanged(updated, old) || updated.Metadata.Labels != old.Metadata.Labels ? WithGeneration(updated, old.Metadata.Generation + 1) : updated;

    protected override void ValidateObject(StrategyContext c, EndpointSlice o, FieldErrors errors)
    {
        CommonRules.OneOf(o.AddressType, "addressType", errors, "FQDN", "IPv4", "IPv6");
        FieldPath path = "endpoints";
        if (o.Endpoints.Count > MaxEndpoints)
            errors.TooMany(path, o.Endpoints.Count, MaxEndpoints);
        else
            for (var i = 0; i < o.Endpoints.Count; i++)
                Endpoint(o.Endpoints[i], o.AddressType, path.Index(i), errors);
        path = "ports";
        if (o.Ports.Count > MaxPorts)
            errors.TooMany(path, o.Ports.Count, MaxPorts);
        for (var i = 0; i < o.Ports.Count; i++)
            Port(o, i, path.Index(i), errors);
    }

    protected override void ValidateUpdate(StrategyContext c, EndpointSlice updated, EndpointSlice old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        CommonRules.Unchanged(updated.AddressType, old.AddressType, "addressType", errors);
    }

    protected override void Warn(StrategyContext c, EndpointSlice o, EndpointSlice? old, ICollection<string> warnings)
    {
        if (o.AddressType == "FQDN")
            warnings.Add("spec.addressType: FQDN endpoints are deprecated");
        for (var i = 0; o.AddressType != "FQDN" && i < o.Endpoints.Count; i++)
            for (var j = 0; j < o.Endpoints[i].Addresses.Count; j++)
                AddressWarnings.Address(new FieldPath("endpoints").Index(i).Child("addresses").Index(j), o.Endpoints[i].Addresses[j], warnings);
    }

    private static void Endpoint(Endpoint endpoint, string type, FieldPath path, FieldErrors errors)
    {
        if (endpoint.Addresses.Count == 0)
            errors.Required(path.Child("addresses"), "must contain at least 1 address");
        else if (endpoint.Addresses.Count > MaxAddresses)
            errors.TooMany(path.Child("addresses"), endpoint.Addresses.Count, MaxAddresses);
        for (var i = 0; i < endpoint.Addresses.Count; i++)
            Address(endpoint.Addresses[i], type, path.Child("addresses").Index(i), errors);
        if (endpoint.NodeName is { } node)
            errors.Invalid(path.Child("nodeName"), node, ValidationRules.Dns1123Subdomain(node));
        if (endpoint.Hostname is { } host)
            errors.Invalid(path.Child("hostname"), host, ValidationRules.Dns1123Label(host));
        LabelValidation.Labels(endpoint.DeprecatedTopology, path.Child("deprecatedTopology"), errors);
    }

    private static void Address(string address, string type, FieldPath path, FieldErrors errors)
    {
        switch (type)
        {
            case "IPv4":
                errors.Invalid(path, address, ValidationRules.IPv4AddressText(address));
                break;
            case "IPv6":
                errors.Invalid(path, address, ValidationRules.IPv6AddressText(address));
                break;
            default:
                errors.Invalid(path, address, ValidationRules.Dns1123Subdomain(address));
                return;
        }

        if (!ValidationRules.TryParseIPAddress(address, out var parsed))
            return;
        AddressRules.Strict(address, parsed, path, errors);
        IPAddressRules.NotSpecial(address, path, errors);
    }

    private static void Port(EndpointSlice o, int index, FieldPath path, FieldErrors errors)
    {
        var port = o.Ports[index];
        if (port.Name is { Length: > 0 } name)
            errors.Invalid(path.Child("name"), name, ValidationRules.Dns1123Label(name));
        for (var j = 0; j < index; j++)
            if (o.Ports[j].Name == port.Name)
            {
                errors.Duplicate(path.Child("name"), port.Name);
                break;
            }

        if (port.Protocol is null)
            errors.Required(path.Child("protocol"));
        else
            CommonRules.OneOf(port.Protocol, path.Child("protocol"), errors, "SCTP", "TCP", "UDP");
        if (port.AppProtocol is not null)
            errors.Invalid(path.Child("appProtocol"), port.AppProtocol, ValidationRules.QualifiedName(port.AppProtocol));
    }
}
