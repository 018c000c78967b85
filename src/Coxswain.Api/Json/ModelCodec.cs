using System.Buffers;
using System.Text.Json;

namespace Coxswain.Api;

/// <summary>The codec of a generated kind.</summary>
internal sealed class ModelCodec<T>(GroupVersionKind kind) : ObjectCodec<T> where T : class, IModel<T>, IKubernetesObject
{
    public override GroupVersionKind Kind => kind;

    public override SchemaType Schema => OwnSchema;

    private static SchemaType OwnSchema => SchemaTable.Get(T.SchemaIndex);

    public override T Read(ReadOnlySpan<byte> utf8, DecodeReport? report = null) => Read(utf8, report, merge: true);

    /// <param name="merge">What is said twice is made one first. Done once only: in what has several forms (a schema or a boolean) it
    /// stays, and the last one counts.</param>
    private static T Read(ReadOnlySpan<byte> utf8, DecodeReport? report, bool merge)
    {
        var decoder = new JsonDecoder(utf8, report is not null);
        try
        {
            decoder.Start();
            var result = T.ReadJson(ref decoder);
            decoder.Finish();
            if (decoder.Findings is { } findings)
                JsonLocator.Report(utf8, OwnSchema, findings, report!);
            return merge && decoder.HasDuplicates && JsonDuplicates.Merge(utf8, OwnSchema) is { } merged ? Read(merged, report: null, merge: false) : result;
        }
        catch (JsonException)
        {
            // The scanner allows a greater depth than the reader.
            throw new DecodeException(GoJsonScanner.Explain(utf8) ?? "exceeded max depth", isSyntax: true);
        }
        catch (JsonMismatchException mismatch)
        {
            // Upstream looks at the whole text's syntax before it reads any value.
            throw GoJsonScanner.Explain(utf8) is { } syntax
                ? new DecodeException(syntax, isSyntax: true)
                : new DecodeException(JsonLocator.Describe(utf8, OwnSchema, mismatch));
        }
        catch (DecodeException) when (GoJsonScanner.Explain(utf8) is { } syntax)
        {
            throw new DecodeException(syntax, isSyntax: true);
        }
    }

    public override void Write(Utf8JsonWriter writer, T value) => writer.WriteDocument(value);

    public override bool HasProtobuf => T.HasProtobuf;

    public override IKubernetesObject ReadProtobuf(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        return T.ReadProtobuf(ref reader);
    }

    internal override void WriteProtobuf(IBufferWriter<byte> output, IKubernetesObject value, ProtobufFinisher? finish)
    {
        var writer = new ProtobufWriter(4096);
        try
        {
            // An envelope's two last fields are empty and stand behind the message: four bytes.
            if (finish is not null)
                writer.Raw([0x1a, 0, 0x22, 0]);
            ((T)value).WriteProtobuf(ref writer);
            finish?.Invoke(ref writer, kind);
            output.Write(writer.Written);
        }
        finally
        {
            writer.Dispose();
        }
    }
}
