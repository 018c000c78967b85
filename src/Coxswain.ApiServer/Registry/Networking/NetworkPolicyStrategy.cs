using Coxswain.Api;
using Coxswain.Api.Networking.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Networking;

/// <summary>The rules of network policies.</summary>
internal sealed class NetworkPolicyStrategy : Strategy<NetworkPolicy>
{
    private static readonly string[] Protocols = ["TCP", "UDP", "SCTP"];

    public override bool HasGeneration => true;

    // Upstream's scheme knows the kind first by the group in which it began.
    public override GroupVersionKind KindOf(IMetadataObject o) => o.GroupVersionKind with { Group = "extensions" };

    protected override NetworkPolicy Default(NetworkPolicy o)
    {
        var spec = o.Spec;
        if (spec.PolicyTypes.Count == 0)
            spec = spec with { PolicyTypes = spec.Egress.Count > 0 ? ["Ingress", "Egress"] : ["Ingress"] };
        var ingress = spec.Ingress;
        for (var i = 0; i < ingress.Count; i++)
            ingress = ingress.SetItem(i, ingress[i] with { Ports = Ports(ingress[i].Ports) });
        var egress = spec.Egress;
        for (var i = 0; i < egress.Count; i++)
            egress = egress.SetItem(i, egress[i] with { Ports = Ports(egress[i].Ports) });
        return o with { Spec = spec with { Ingress = ingress, Egress = egress } };
    }

    protected override void ValidateObject(StrategyContext c, NetworkPolicy o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        LabelValidation.Selector(spec.PodSelector, path.Child("podSelector"), errors);
        for (var i = 0; i < spec.Ingress.Count; i++)
            Rule(spec.Ingress[i].Ports, spec.Ingress[i].From, "from", path.Child("ingress").Index(i), errors);
        for (var i = 0; i < spec.Egress.Count; i++)
            Rule(spec.Egress[i].Ports, spec.Egress[i].To, "to", path.Child("egress").Index(i), errors);
        if (spec.PolicyTypes.Count > 2)
        {
            errors.Invalid(path.Child("policyTypes"), spec.PolicyTypes, "may not specify more than two policyTypes");
            return;
        }

        for (var i = 0; i < spec.PolicyTypes.Count; i++)
            if (spec.PolicyTypes[i] is not ("Ingress" or "Egress"))
                errors.NotSupported(path.Child("policyTypes").Index(i), spec.PolicyTypes[i], "Ingress", "Egress");
    }

    protected override void Warn(StrategyContext c, NetworkPolicy o, NetworkPolicy? old, ICollection<string> warnings)
    {
        for (var i = 0; i < o.Spec.Ingress.Count; i++)
            Warn(o.Spec.Ingress[i].From, Paths.Spec.Child("ingress").Index(i).Child("from"), warnings);
        for (var i = 0; i < o.Spec.Egress.Count; i++)
            Warn(o.Spec.Egress[i].To, Paths.Spec.Child("egress").Index(i).Child("to"), warnings);
    }

    private static void Warn(ApiList<NetworkPolicyPeer> peers, FieldPath path, ICollection<string> warnings)
    {
        for (var i = 0; i < peers.Count; i++)
        {
            if (peers[i].IpBlock is not { } block)
                continue;
            var at = path.Index(i).Child("ipBlock");
            AddressWarnings.Cidr(at.Child("cidr"), block.Cidr, warnings);
            for (var j = 0; j < block.Except.Count; j++)
                AddressWarnings.Cidr(at.Child("except").Index(j), block.Except[j], warnings);
        }
    }

    private static ApiList<NetworkPolicyPort> Ports(ApiList<NetworkPolicyPort> ports)
    {
        for (var i = 0; i < ports.Count; i++)
            if (ports[i].Protocol is null)
                ports = ports.SetItem(i, ports[i] with { Protocol = "TCP" });
        return ports;
    }

    private static void Rule(ApiList<NetworkPolicyPort> ports, ApiList<NetworkPolicyPeer> peers, string peerField, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < ports.Count; i++)
        {
            var (port, at) = (ports[i], path.Child("ports").Index(i));
            CommonRules.OptionalOneOf(port.Protocol, at.Child("protocol"), errors, Protocols);
            if (port.Port is { } number)
            {
                if (number.IsString)
                {
                    errors.Invalid(at.Child("port"), number.StringValue, ValidationRules.PortName(number.StringValue));
                    if (port.EndPort is not null)
                        errors.Invalid(at.Child("endPort"), port.EndPort, "may not be specified when `port` is non-numeric");
                }
                else
                {
                    errors.Invalid(at.Child("port"), number.IntValue, ValidationRules.PortNumber(number.IntValue));
                    if (port.EndPort < number.IntValue)
                        errors.Invalid(at.Child("endPort"), port.EndPort, "must be greater than or equal to `port`");
                }
            }
            else if (port.EndPort is not null)
            {
                errors.Invalid(at.Child("endPort"), port.EndPort, "may not be specified when `port` is not specified");
            }

            if (port.EndPort is { } end)
                errors.Invalid(at.Child("endPort"), end, ValidationRules.PortNumber(end));
        }

        for (var i = 0; i < peers.Count; i++)
            Peer(peers[i], path.Child(peerField).Index(i), errors);
    }

    private static void Peer(NetworkPolicyPeer peer, FieldPath path, FieldErrors errors)
    {
        var count = 0;
        if (peer.PodSelector is not null)
        {
            count++;
            LabelValidation.Selector(peer.PodSelector, path.Child("podSelector"), errors);
        }

        if (peer.NamespaceSelector is not null)
        {
            count++;
            LabelValidation.Selector(peer.NamespaceSelector, path.Child("namespaceSelector"), errors);
        }

        if (peer.IpBlock is { } block)
        {
            count++;
            Block(block, path.Child("ipBlock"), errors);
        }

        if (count == 0)
            errors.Required(path, "must specify a peer");
        else if (count > 1 && peer.IpBlock is not null)
            errors.Forbidden(path, "may not specify both ipBlock and another peer");
    }

    private static void Block(IPBlock block, FieldPath path, FieldErrors errors)
    {
        if (block.Cidr.Length == 0)
        {
            errors.Required(path.Child("cidr"));
            return;
        }

        if (!AddressRules.Cidr(block.Cidr, path.Child("cidr"), errors) || !ValidationRules.TryParseCidr(block.Cidr, out var network, out var prefix))
            return;
        var outer = new System.Net.IPNetwork(AddressRules.Network(network, prefix), prefix);
        for (var i = 0; i < block.Except.Count; i++)
        {
            var at = path.Child("except").Index(i);
            if (AddressRules.Cidr(block.Except[i], at, errors) && ValidationRules.TryParseCidr(block.Except[i], out var inner, out var innerPrefix)
                && (!outer.Contains(inner) || innerPrefix <= prefix))
                errors.Invalid(at, block.Except[i], "must be a strict subset of `cidr`");
        }
    }
}
