using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of endpoints.</summary>
internal sealed class EndpointsStrategy : Strategy<Endpoints>
{
    private static readonly FieldPath Subsets = new("subsets");

    public override bool AllowCreateOnUpdate => true;

    protected override Endpoints Default(Endpoints o)
    {
        var subsets = o.Subsets;
        for (var i = 0; i < subsets.Count; i++)
        {
            var ports = subsets[i].Ports;
            for (var j = 0; j < ports.Count; j++)
                if (ports[j].Protocol.Length == 0)
                    ports = ports.SetItem(j, ports[j] with { Protocol = "TCP" });
            if (ports != subsets[i].Ports)
                subsets = subsets.SetItem(i, subsets[i] with { Ports = ports });
        }

        return o with { Subsets = subsets };
    }

    protected override void Warn(StrategyContext c, Endpoints o, Endpoints? old, ICollection<string> warnings) =>
        warnings.Add("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");

    protected override void ValidateObject(StrategyContext c, Endpoints o, FieldErrors errors)
    {
        for (var i = 0; i < o.Subsets.Count; i++)
        {
            var subset = o.Subsets[i];
            var at = Subsets.Index(i);
            if (subset.Addresses.Count == 0 && subset.NotReadyAddresses.Count == 0)
                errors.Required(at, "must specify `addresses` or `notReadyAddresses`");
            for (var j = 0; j < subset.Addresses.Count; j++)
                Address(subset.Addresses[j], at.Child("addresses").Index(j), errors);
            for (var j = 0; j < subset.NotReadyAddresses.Count; j++)
                Address(subset.NotReadyAddresses[j], at.Child("notReadyAddresses").Index(j), errors);
            for (var j = 0; j < subset.Ports.Count; j++)
                Port(subset.Ports[j], subset.Ports.Count > 1, at.Child("ports").Index(j), errors);
        }
    }

    private static void Address(EndpointAddress address, FieldPath path, FieldErrors errors)
    {
        AddressRules.Address(address.Ip, path.Child("ip"), errors);
        if (address.Hostname.Length > 0)
            errors.Invalid(path.Child("hostname"), address.Hostname, ValidationRules.Dns1123Label(address.Hostname));
        if (address.NodeName is not null)
            errors.Invalid(path.Child("nodeName"), address.NodeName, ValidationRules.Dns1123Subdomain(address.NodeName));
        IPAddressRules.NotSpecial(address.Ip, path.Child("ip"), errors);
    }

    private static void Port(EndpointPort port, bool named, FieldPath path, FieldErrors errors)
    {
        if (named && port.Name.Length == 0)
            errors.Required(path.Child("name"));
        else if (port.Name.Length > 0)
            errors.Invalid(path.Child("name"), port.Name, ValidationRules.Dns1123Label(port.Name));
        errors.Invalid(path.Child("port"), port.Port, ValidationRules.PortNumber(port.Port));
        CommonRules.OneOf(port.Protocol, path.Child("protocol"), errors, "SCTP", "TCP", "UDP");
        if (port.AppProtocol is not null)
            errors.Invalid(path.Child("appProtocol"), port.AppProtocol, ValidationRules.QualifiedName(port.AppProtocol));
    }
}
