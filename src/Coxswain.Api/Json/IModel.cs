using System.Text.Json;

namespace Coxswain.Api;

/// <summary>A record that can write itself, whatever its type.</summary>
internal interface IJsonModel
{
    /// <summary>Writes the whole value.</summary>
    void WriteJson(Utf8JsonWriter writer);
}

/// <summary>What the generator gives each record: how to read and write itself.</summary>
internal interface IModel<TSelf> : IJsonModel where TSelf : class, IModel<TSelf>
{
    /// <summary>The shared instance in which nothing is set.</summary>
    static abstract TSelf Empty { get; }

    /// <summary>The place in the schema table.</summary>
    static abstract int SchemaIndex { get; }

    /// <summary>Reads the value at whose first token the decoder stands, and leaves it at the last.</summary>
    static abstract TSelf ReadJson(ref JsonDecoder decoder);

    /// <summary>Whether there is a protobuf message of the type.</summary>
    static virtual bool HasProtobuf => true;

    /// <summary>Reads all of the reader's message.</summary>
    static abstract TSelf ReadProtobuf(ref ProtobufReader reader);

    /// <summary>Writes the fields of the message, the last one first.</summary>
    void WriteProtobuf(ref ProtobufWriter writer);

    /// <summary>Writes the members of the JSON object.</summary>
    void WriteMembers(Utf8JsonWriter writer);

    void IJsonModel.WriteJson(Utf8JsonWriter writer) => WriteJson(writer);

    /// <summary>Writes the whole value.</summary>
    new void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        WriteMembers(writer);
        writer.WriteEndObject();
    }
}
