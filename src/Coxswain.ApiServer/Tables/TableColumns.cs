using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Tables;

/// <summary>The columns of a resource's table, and how the cells of an object's row are made. Immutable and thread safe.</summary>
internal abstract class TableColumns
{
    /// <summary>Names, types and priorities, in order.</summary>
    public abstract ApiList<TableColumnDefinition> Definitions { get; }

    /// <summary>The cells of a row, one per definition. Nothing is kept.</summary>
    public abstract IEnumerable<Cell> Cells(IMetadataObject o, DateTimeOffset now);

    /// <summary>What is to be said of the row as a whole: that a pod is through with its work.</summary>
    public virtual ApiList<TableRowCondition> Conditions(IMetadataObject o) => default;

    /// <summary>Starts the columns of a kind.</summary>
    public static TableColumnsBuilder<T> For<T>() where T : class, IMetadataObject => new();
}
