using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Networking;

/// <summary>References to objects of any kind.</summary>
internal static class References
{
    public static void KindAndName(string kind, string name, FieldPath path, FieldErrors errors)
    {
        if (kind.Length == 0)
            errors.Required(path.Child("kind"), "kind is required");
        else
            errors.Invalid(path.Child("kind"), kind, ValidationRules.PathSegmentName(kind));
        if (name.Length == 0)
            errors.Required(path.Child("name"), "name is required");
        else
            errors.Invalid(path.Child("name"), name, ValidationRules.PathSegmentName(name));
    }
}
