using System.Text;

namespace Coxswain.ApiServer.Encryption;

/// <summary>One of several forms, told apart by how values begin.</summary>
internal sealed class PrefixedForm(string prefix, ValueTransformer inner)
{
    /// <summary>As metrics name it.</summary>
    public string Name { get; } = prefix.Length == 0 ? "identity" : prefix;

    public byte[] Prefix { get; } = Encoding.UTF8.GetBytes(prefix);

    public ValueTransformer Inner => inner;
}

/// <summary>Several forms: the first one writes, whichever fits reads.</summary>
/// <param name="unknown">What is said of a value that none fits.</param>
internal sealed class PrefixTransformer(IReadOnlyList<PrefixedForm> forms, string unknown, TransformationMetrics metrics) : ValueTransformer
{
    private const string FromStorage = "from_storage";
    private const string ToStorage = "to_storage";

    public override TransformedValue Read(ReadOnlyMemory<byte> stored, string key)
    {
        var start = metrics.Start();
        List<string>? errors = null;
        for (var i = 0; i < forms.Count; i++)
        {
            var form = forms[i];
            if (!stored.Span.StartsWith(form.Prefix))
                continue;
            try
            {
                var (value, stale) = form.Inner.Read(stored[form.Prefix.Length..], key);
                metrics.Record(FromStorage, form.Name, start, failed: false);
                return new(value, stale || i != 0);
            }
            catch (TransformException) when (form.Prefix.Length == 0)
            {
                // Every value begins so; another form may fit better.
            }
            catch (TransformException error)
            {
                // The same prefix may follow again with other keys.
                metrics.Record(FromStorage, form.Name, start, failed: true);
                (errors ??= []).Add(error.Message);
            }
        }

        if (errors is null)
            metrics.Record(FromStorage, "unknown", start, failed: true);
        var distinct = errors?.Distinct(StringComparer.Ordinal).ToList() ?? [unknown];
        throw new TransformException(distinct.Count == 1 ? distinct[0] : $"[{string.Join(", ", distinct)}]");
    }

    public override ReadOnlyMemory<byte> Write(ReadOnlyMemory<byte> value, string key)
    {
        var start = metrics.Start();
        var form = forms[0];
        var inner = form.Inner.Write(value, key);
        metrics.Record(ToStorage, Encoding.UTF8.GetString(form.Prefix), start, failed: false);
        if (form.Prefix.Length == 0)
            return inner;
        var stored = new byte[form.Prefix.Length + inner.Length];
        form.Prefix.CopyTo(stored, 0);
        inner.CopyTo(stored.AsMemory(form.Prefix.Length));
        return stored;
    }
}
