namespace Coxswain.Api.Patching;

/// <summary>How a member of an object is patched, by the schema.</summary>
/// <param name="Type">The member's type; null where the schema ends.</param>
internal readonly record struct PatchPlace(SchemaType? Type, string Strategy, string MergeKey)
{
    /// <summary>A list that is merged item by item.</summary>
    public bool IsMerged => Strategy is "merge" or "merge,retainKeys" or "retainKeys,merge";

    /// <summary>A value that a patch replaces as a whole.</summary>
    public bool IsReplaced => Strategy == "replace";

    /// <exception cref="ApiException">The struct has no such field.</exception>
    public static PatchPlace Find(SchemaType? container, string name)
    {
        switch (container?.Kind)
        {
            case SchemaKind.Map:
                return new(container.Item, "", "");
            case SchemaKind.Object:
                if (container.FindField(name) is { } field)
                    return new(field.Type, field.PatchStrategy, field.PatchMergeKey);
                if (container.IsKind && name is "apiVersion" or "kind")
                    return new(SchemaType.Scalar(SchemaKind.String), "", "");

                var struct_ = container.GoName[(container.GoName.LastIndexOf('.') + 1)..];
                throw PatchErrors.Unknown($"unable to find api field in struct {struct_} for the json field {GoText.Quote(name)}");
            default:
                return new(null, "", "");
        }
    }
}
