namespace Coxswain.ApiServer.Http;

/// <summary>Agrees on the form of an answer from the Accept header.</summary>
/// <remarks>Two sieves, as clients of upstream know them: the route's (is any clause one of the media types served here, or
/// <c>*/*</c>; else 406 "406: Not Acceptable"), then the serializer's, which also reads the parameters (else 406 that names
/// the media types).</remarks>
internal static class Negotiation
{
    public const string Accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    public const string AcceptedStreams = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

    /// <summary>The route's sieve: parameters do not count, <c>application/*</c> is not understood.</summary>
    public static bool RouteAccepts(string accept, bool streams = false)
    {
        if (accept.Length == 0)
            return true;
        foreach (var range in accept.AsSpan().Split(','))
        {
            var clause = accept.AsSpan(range);
            var end = clause.IndexOf(';');
            var name = (end < 0 ? clause : clause[..end]).Trim();
            if (name is "*/*" or OutputFormat.JsonType or OutputFormat.YamlType or OutputFormat.ProtobufType)
                return true;
        }

        return false;
    }

    /// <summary>Null: nothing that the client accepts can be made.</summary>
    /// <param name="transforms">Partial objects can be asked for here.</param>
    /// <param name="tables">So can tables.</param>
    public static OutputFormat? Negotiate(string accept, bool pretty, bool transforms, bool tables = true)
    {
        if (accept.Length == 0 || accept is "*/*" or OutputFormat.JsonType)
            return pretty ? OutputFormat.PrettyJson : OutputFormat.Json;
        if (accept == OutputFormat.ProtobufType)
            return new(WireFormat.Protobuf);

        foreach (var clause in MediaType.ParseAccept(accept))
            foreach (var wire in Wires)
                if (Matches(clause, wire) && Options(clause, wire, pretty, transforms, tables) is { } format)
                    return format;
        return null;
    }

    /// <summary>People at a terminal or in a browser get indented JSON unless they say otherwise.</summary>
    public static bool WantsPretty(QueryParameters query, string userAgent)
    {
        if (query.Find("pretty") is { } pretty)
            return pretty is "" or "1" or "true" or "True" or "TRUE" or "t" or "T";
        return userAgent.StartsWith("curl", StringComparison.Ordinal) || userAgent.StartsWith("Wget", StringComparison.Ordinal)
            || userAgent.StartsWith("Mozilla/", StringComparison.Ordinal);
    }

    private static readonly WireFormat[] Wires = [WireFormat.Json, WireFormat.Yaml, WireFormat.Protobuf];

    private static bool Matches(MediaType clause, WireFormat wire) => clause.Type switch
    {
        "*" => clause.Subtype == "*",
        "application" => clause.Subtype == "*" || clause.Subtype == wire switch
        {
            WireFormat.Json => "json",
            WireFormat.Yaml => "yaml",
            _ => "vnd.kubernetes.protobuf",
        },
        _ => false,
    };

    private static OutputFormat? Options(MediaType clause, WireFormat wire, bool pretty, bool transforms, bool tables)
    {
        string? kind = null, group = null, version = null;
        foreach (var (key, value) in clause.Parameters)
        {
            switch (key)
            {
                case "as": kind = value; break;
                case "g": group = value; break;
                case "v": version = value; break;
                case "stream" when value.Length > 0 && (value != "watch" || wire == WireFormat.Yaml): return null;
                case "pretty": pretty = value == "1"; break;
            }
        }

        if (kind is null)
            return wire == WireFormat.Json ? pretty ? OutputFormat.PrettyJson : OutputFormat.Json : new(wire);
        if (!transforms || group != "meta.k8s.io" || version is not ("v1" or "v1beta1"))
            return null;
        return kind switch
        {
            "Table" when wire != WireFormat.Protobuf && tables => new(wire, OutputTransform.Table, version, pretty && wire == WireFormat.Json),
            "PartialObjectMetadata" => new(wire, OutputTransform.PartialObjectMetadata, version, pretty && wire == WireFormat.Json),
            "PartialObjectMetadataList" => new(wire, OutputTransform.PartialObjectMetadataList, version, pretty && wire == WireFormat.Json),
            _ => null,
        };
    }
}
