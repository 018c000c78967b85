using Coxswain.Api.Meta.V1;

namespace Coxswain.Api.ServerSideApply;

/// <summary>Who owns fields: a manager's name and how it writes. Those who apply are the same whatever version they use.</summary>
internal readonly record struct FieldOwner(string Manager, bool Applied, string ApiVersion, string Subresource)
{
    public const string Apply = "Apply";
    public const string Update = "Update";

    public static FieldOwner Of(ManagedFieldsEntry entry) =>
        new(entry.Manager, entry.Operation == Apply, entry.Operation == Apply ? "" : entry.ApiVersion, entry.Subresource);

    /// <summary>The owner as conflicts name it.</summary>
    public string Describe()
    {
        var text = GoText.Quote(Manager);
        if (Subresource.Length > 0)
            text += $" with subresource {GoText.Quote(Subresource)}";
        return Applied ? text : $"{text} using {ApiVersion}";
    }
}

/// <summary>What one owner owns, as of which version of the API, and since when.</summary>
/// <param name="Raw">The set's JSON as it was read, where it has not been changed since.</param>
internal sealed record OwnedFields(FieldSet Fields, string ApiVersion, DateTimeOffset? Time, RawJson? Raw = null)
{
    public OwnedFields With(FieldSet fields) => new(fields, ApiVersion, Time);
}
