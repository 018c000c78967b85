using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>File paths that stay where they are put.</summary>
internal static class PathRules
{
    public const string FileMode = "must be a number between 0 and 0777 (octal), both inclusive";

    public static void NoBacksteps(string target, FieldPath path, FieldErrors errors)
    {
        if (HasBackstep(target))
            errors.Invalid(path, target, "must not contain '..'");
    }

    /// <summary>A relative path that does not leave its folder.</summary>
    public static void LocalDescending(string target, FieldPath path, FieldErrors errors)
    {
        if (target.StartsWith('/'))
            errors.Invalid(path, target, "must be a relative path");
        NoBacksteps(target, path, errors);
    }

    /// <summary>As <see cref="LocalDescending"/>, and not among the names that the volume's writer keeps for itself.</summary>
    public static void LocalNonReserved(string target, FieldPath path, FieldErrors errors)
    {
        LocalDescending(target, path, errors);
        if (target.StartsWith("..", StringComparison.Ordinal) && !target.StartsWith("../", StringComparison.Ordinal) && target != "..")
            errors.Invalid(path, target, "must not start with '..'");
    }

    public static void Mode(int? mode, FieldPath path, FieldErrors errors)
    {
        if (mode is < 0 or > 511)
            errors.Invalid(path, mode, FileMode);
    }

    public static bool HasBackstep(string target)
    {
        foreach (var part in target.AsSpan().Split('/'))
            if (target.AsSpan(part) is "..")
                return true;
        return false;
    }
}
