using Coxswain.Api;
using Coxswain.Api.Selectors;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Which objects a list or watch selects.</summary>
internal sealed class ObjectFilter
{
    private readonly Strategy _strategy;
    private readonly Selector _labels;
    private readonly FieldSelector _fields;

    private ObjectFilter(Strategy strategy, Selector labels, FieldSelector fields)
    {
        (_strategy, _labels, _fields) = (strategy, labels, fields);
        Name = fields.TryGetRequired("metadata.name", out var name) ? name : "";
        Namespace = fields.TryGetRequired("metadata.namespace", out var @namespace) ? @namespace : "";
        OnlyName = labels.IsEverything && Name.Length > 0 && fields.Terms.Count == 1;
    }

    /// <summary>The only name that can match; empty: any.</summary>
    public string Name { get; }

    /// <summary>The only namespace that can match; empty: any.</summary>
    public string Namespace { get; }

    /// <summary>Nothing but the name is asked for.</summary>
    public bool OnlyName { get; }

    public bool IsEverything => _labels.IsEverything && _fields.IsEverything;

    /// <exception cref="ApiException">400: a selector cannot be read, or names a field that cannot be selected by.</exception>
    public static ObjectFilter Parse(ResourceRegistry registry, string labelSelector, string fieldSelector)
    {
        var labels = Selector.Everything;
        if (labelSelector.Length > 0 && !Selector.TryParse(labelSelector, out labels!, out var error))
            throw new ApiException(Statuses.BadRequest(error));
        var fields = FieldSelector.Everything;
        if (fieldSelector.Length > 0 && !FieldSelector.TryParse(fieldSelector, out fields!, out error))
            throw new ApiException(Statuses.BadRequest(error));
        foreach (var term in fields.Terms)
            CheckField(registry, term.Field);
        return new(registry.Strategy, labels, fields);
    }

    /// <summary>Null: everything matches.</summary>
    public Func<CachedObject, bool>? AsFunction() => IsEverything ? null : Matches;

    public bool Matches(CachedObject cached) =>
        (_labels.IsEverything || _labels.Matches(cached.Metadata.Labels)) && FieldsMatch(cached);

    /// <summary>For looking at many objects, one after the other.</summary>
    public Pass NewPass() => new(this);

    private bool FieldsMatch(CachedObject cached)
    {
        foreach (var term in _fields.Terms)
        {
            var actual = term.Field switch
            {
                "metadata.name" => cached.Metadata.Name,
                "metadata.namespace" => cached.Metadata.Namespace,
                _ => _strategy.SelectableField(cached.Object, term.Field),
            };
            if (!term.Matches(actual))
                return false;
        }

        return true;
    }

    private static void CheckField(ResourceRegistry registry, string field)
    {
        if (field is "metadata.name" or "metadata.namespace" || Contains(registry.Strategy.SelectableFields, field))
            return;
        var kind = registry.Descriptor.Kind;
        // Kinds with labels of their own say it in other words than those with only the two that all have.
        throw new ApiException(Statuses.BadRequest(
            registry.Strategy.SelectableFields.Count == 0 && !registry.IsCustom
                ? $"{GoText.Quote(field)} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                : kind.Group == "batch"
                    ? $"field label {GoText.Quote(field)} not supported for batch{kind.Version}.{kind.Kind}"
                    : $"field label not supported: {field}"));
    }

    /// <summary>Remembers what became of the last labels: objects of one origin mostly share theirs (<see cref="SharedParts"/>).</summary>
    public ref struct Pass(ObjectFilter filter)
    {
        private ReadOnlySpan<KeyValuePair<string, string>> _labels;
        private bool _any;
        private bool _matched;

        public bool Matches(CachedObject cached)
        {
            if (filter._labels.IsEverything)
                return filter.FieldsMatch(cached);
            var labels = cached.Metadata.Labels;
            if (!_any || labels.AsSpan() != _labels)
                {
                _labels = labels.AsSpan();
                (_any, _matched) = (true, filter._labels.Matches(labels));
            }

            return _matched && filter.FieldsMatch(cached);
        }
    }

    private static bool Contains(IReadOnlyList<string> fields, string field)
    {
        for (var i = 0; i < fields.Count; i++)
            if (fields[i] == field)
                return true;
        return false;
    }
}
