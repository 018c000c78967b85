namespace Coxswain.ApiServer.Http;

internal enum WireFormat
{
    Json,
    Yaml,
    Protobuf,
}

/// <summary>Into which form of the object the answer is turned before it is encoded.</summary>
internal enum OutputTransform
{
    None,
    Table,
    PartialObjectMetadata,
    PartialObjectMetadataList,
}

/// <summary>How an answer is to be written, as agreed with the client.</summary>
internal sealed record OutputFormat(WireFormat Wire, OutputTransform Transform = OutputTransform.None, string TransformVersion = "v1", bool Pretty = false)
{
    public static OutputFormat Json { get; } = new(WireFormat.Json);

    public static OutputFormat PrettyJson { get; } = new(WireFormat.Json, Pretty: true);

    public const string JsonType = "application/json";
    public const string YamlType = "application/yaml";
    public const string ProtobufType = "application/vnd.kubernetes.protobuf";

    public string ContentType => Wire switch
    {
        WireFormat.Yaml => YamlType,
        WireFormat.Protobuf => ProtobufType,
        _ => JsonType,
    };

    public string StreamContentType => Wire == WireFormat.Protobuf ? ProtobufType + ";stream=watch" : JsonType;
}
