using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Coxswain.Api;

/// <summary>Reads a stream of one YAML document into nodes.</summary>
internal sealed class YamlReader
{
    private const int MaxDepth = JsonDecoder.MaxDepth;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Parser _parser;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);

    // Anchors of nodes that are still being read: an alias to one of these would be a circle.
    private readonly HashSet<YamlNode> _open = [];

    private YamlReader(string text) => _parser = new(new Scanner(new StringReader(text)));

    public static YamlNode Read(ReadOnlySpan<byte> yaml)
    {
        var text = Decode(yaml);
        var reader = new YamlReader(text);
        try
        {
            return reader.ReadStream();
        }
        catch (YamlException e)
        {
            throw new DecodeException(Describe(e));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or OverflowException)
        {
            // The library's scanner gives up in these ways on some texts, most of them lists or maps that are never closed.
            throw new DecodeException($"yaml: line {reader._parser.Current?.End.Line ?? 1}: did not find expected ',' or ']'");
        }
    }

    /// <summary>The problem without its context, and the line as upstream's library counts: from 0 when the grammar is broken, from
    /// 1 when a token is, and the first line is never named.</summary>
    private static string Describe(YamlException e)
    {
        var message = e.Message.TrimEnd('.');
        var isGrammar = message.StartsWith("While parsing", StringComparison.Ordinal);
        if (message.StartsWith("While ", StringComparison.Ordinal) && message.IndexOf(", ", StringComparison.Ordinal) is var comma and >= 0)
            message = message[(comma + 2)..];
        message = message switch
        {
            "found invalid mapping" => "mapping values are not allowed in this context",
            "found invalid tab as indentation" => "found character that cannot start any token",
            _ => char.ToLowerInvariant(message[0]) + message[1..],
        };
        var line = Math.Max(e.Start.Line, e.End.Line) - 1;
        return line <= 0 ? "yaml: " + message : $"yaml: line {(isGrammar ? line : line + 1)}: {message}";
    }

    private static string Decode(ReadOnlySpan<byte> yaml)
    {
        try
        {
            var text = StrictUtf8.GetString(yaml);
            foreach (var c in text)
            {
                if ((char.IsControl(c) && c is not ('\t' or '\n' or '\r' or '\x85')) || c is '\ufffe' or '\uffff')
                    throw new DecodeException("yaml: control characters are not allowed");
            }
            return text is ['\ufeff', ..] ? text[1..] : text;
        }
        catch (DecoderFallbackException)
        {
            throw new DecodeException("yaml: invalid UTF-8");
        }
    }

    private YamlNode ReadStream()
    {
        _parser.MoveNext();
        Expect<StreamStart>();
        if (_parser.Current is StreamEnd)
            return new YamlScalar(1, "", "", ScalarStyle.Plain);
        Expect<DocumentStart>();
        var root = ReadNode(0);
        Expect<DocumentEnd>();
        if (_parser.Current is not StreamEnd && !RestIsEmpty())
            throw new DecodeException("yaml: expected a single document, but there is another one");
        return root;
    }

    /// <summary>Whether nothing but empty documents follows: a stream may end with a separator.</summary>
    private bool RestIsEmpty()
    {
        while (_parser.Current is DocumentStart)
        {
            Expect<DocumentStart>();
            if (_parser.Current is not Scalar { Value.Length: 0, Style: ScalarStyle.Plain })
                return false;
            Expect<Scalar>();
            Expect<DocumentEnd>();
        }
        return _parser.Current is StreamEnd;
    }

    private YamlNode ReadNode(int depth)
    {
        if (depth > MaxDepth)
            throw new DecodeException($"yaml: exceeded max depth of {MaxDepth}");
        switch (_parser.Current)
        {
            case AnchorAlias alias:
                _parser.MoveNext();
                if (!_anchors.TryGetValue(alias.Value.Value, out var known))
                    throw new DecodeException($"yaml: unknown anchor '{alias.Value.Value}' referenced");
                return _open.Contains(known)
                    ? throw new DecodeException($"yaml: anchor '{alias.Value.Value}' value contains itself")
                    : known;
            case Scalar scalar:
                _parser.MoveNext();
                return Remember(scalar, new YamlScalar(scalar.Start.Line, scalar.Value, TagOf(scalar), scalar.Style));
            case SequenceStart start:
                _parser.MoveNext();
                var sequence = Remember(start, new YamlSequence(start.Start.Line));
                _open.Add(sequence);
                while (_parser.Current is not SequenceEnd)
                    sequence.Items.Add(ReadNode(depth + 1));
                _parser.MoveNext();
                _open.Remove(sequence);
                return sequence;
            case MappingStart start:
                _parser.MoveNext();
                var mapping = Remember(start, new YamlMapping(start.Start.Line));
                _open.Add(mapping);
                while (_parser.Current is not MappingEnd)
                    mapping.Entries.Add((ReadNode(depth + 1), ReadNode(depth + 1)));
                _parser.MoveNext();
                _open.Remove(mapping);
                return mapping;
            default:
                throw new DecodeException("yaml: unexpected end of the document");
        }
    }

    private T Remember<T>(NodeEvent source, T node) where T : YamlNode
    {
        if (!source.Anchor.IsEmpty)
            _anchors[source.Anchor.Value] = node;
        return node;
    }

    private static string TagOf(NodeEvent source) => source.Tag.IsEmpty ? "" : source.Tag.Value;

    private void Expect<T>() where T : ParsingEvent
    {
        if (_parser.Current is not T)
            throw new DecodeException("yaml: unexpected end of the document");
        _parser.MoveNext();
    }
}
