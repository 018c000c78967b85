using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Tables;

/// <summary>Puts columns together, one call for each.</summary>
internal sealed class TableColumnsBuilder<T> where T : class, IMetadataObject
{
    private readonly List<TableColumnDefinition> _definitions = [];
    private readonly List<Func<T, DateTimeOffset, Cell>> _cells = [];
    private Func<T, ApiList<TableRowCondition>>? _conditions;

    public TableColumnsBuilder<T> Name() => Name(o => o.Metadata.Name);

    public TableColumnsBuilder<T> Name(Func<T, string> name) => Add("Name", o => name(o), format: "name", description: "The name of the object, unique within its namespace.");

    public TableColumnsBuilder<T> Age() =>
        Add("Age", (o, now) => HumanDuration.Since(o.Metadata.CreationTimestamp, now), description: "How long ago the object was created.");

    public TableColumnsBuilder<T> Add(
        string name, Func<T, Cell> cell, string type = "string", string format = "", int priority = 0, string description = "") =>
        Add(name, (o, _) => cell(o), type, format, priority, description);

    public TableColumnsBuilder<T> Add(
        string name, Func<T, DateTimeOffset, Cell> cell, string type = "string", string format = "", int priority = 0, string description = "")
    {
        _definitions.Add(new()
        {
            Name = name,
            Type = type,
            Format = format,
            Priority = priority,
            Description = description.Length > 0 ? description : $"{name} of the object.",
        });
        _cells.Add(cell);
        return this;
    }

    /// <summary>A column of whole numbers.</summary>
    public TableColumnsBuilder<T> Integer(string name, Func<T, Cell> cell) => Add(name, cell, type: "integer");

    /// <summary>A column of truth values.</summary>
    public TableColumnsBuilder<T> Boolean(string name, Func<T, Cell> cell) => Add(name, cell, type: "boolean");

    /// <summary>A column that only wide tables show.</summary>
    public TableColumnsBuilder<T> Wide(string name, Func<T, Cell> cell) => Add(name, cell, priority: 1);

    public TableColumnsBuilder<T> Wide(string name, Func<T, DateTimeOffset, Cell> cell) => Add(name, cell, priority: 1);

    /// <summary>The names and images of a workload's containers.</summary>
    public TableColumnsBuilder<T> Containers(Func<T, Api.Core.V1.PodSpec?> spec) =>
        Wide("Containers", o => TableText.Join(spec(o)?.Containers.Select(container => container.Name)))
            .Wide("Images", o => TableText.Join(spec(o)?.Containers.Select(container => container.Image)));

    public TableColumnsBuilder<T> RowConditions(Func<T, ApiList<TableRowCondition>> conditions)
    {
        _conditions = conditions;
        return this;
    }

    public TableColumns Build() => new Built(_definitions.ToApiList(), [.. _cells], _conditions);

    private sealed class Built(
        ApiList<TableColumnDefinition> definitions, Func<T, DateTimeOffset, Cell>[] cells, Func<T, ApiList<TableRowCondition>>? conditions) : TableColumns
    {
        public override ApiList<TableColumnDefinition> Definitions => definitions;

        public override IEnumerable<Cell> Cells(IMetadataObject o, DateTimeOffset now)
        {
            var value = (T)o;
            foreach (var cell in cells)
                yield return cell(value, now);
        }

        public override ApiList<TableRowCondition> Conditions(IMetadataObject o) => conditions is null ? default : conditions((T)o);
    }
}
