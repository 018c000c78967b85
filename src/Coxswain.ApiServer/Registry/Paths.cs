using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>The roots of field paths, shared by all rules.</summary>
internal static class Paths
{
    public static readonly FieldPath Metadata = new("metadata");
    public static readonly FieldPath Spec = new("spec");
    public static readonly FieldPath Status = new("status");
}
