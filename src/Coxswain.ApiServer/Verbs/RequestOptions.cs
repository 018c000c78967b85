using Coxswain.Api;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Http;

namespace Coxswain.ApiServer.Verbs;

internal enum FieldValidation
{
    Ignore,
    Warn,
    Strict,
}

/// <summary>CreateOptions, UpdateOptions and PatchOptions: what a write's query says.</summary>
internal readonly record struct WriteOptions(bool DryRun, string FieldManager, FieldValidation FieldValidation, bool Force)
{
    private const int MaxManagerLength = 128;

    /// <exception cref="ApiException">422: an option has a value that it may not have.</exception>
    public static WriteOptions Parse(string kind, QueryParameters query, string userAgent, string patchType = "")
    {
        if (query.All.Count == 0 && patchType != PatchTypes.Apply)
            return new(false, ManagerOf(userAgent), FieldValidation.Warn, false);

        var errors = new FieldErrors();
        var apply = patchType == PatchTypes.Apply;
        var force = query.Find("force");
        var manager = query["fieldManager"];
        if (patchType.Length > 0)
        {
            if (!apply && force is not null)
                errors.Forbidden("force", "may not be specified for non-apply patch");
            if (apply && manager.Length == 0)
                errors.Required("fieldManager", "is required for apply patch");
        }

        CheckManager(manager, errors);
        var dryRun = DryRunOf(query.Values("dryRun"), errors);
        var validation = query["fieldValidation"] switch
        {
            "" or "Warn" => FieldValidation.Warn,
            "Strict" => FieldValidation.Strict,
            "Ignore" => FieldValidation.Ignore,
            var other => NotSupported(other, errors),
        };
        if (errors.Count > 0)
            throw new ApiException(Statuses.Invalid(new("meta.k8s.io", "v1", kind), "", errors));
        return new(dryRun, manager.Length > 0 ? manager : ManagerOf(userAgent), validation, force is not null && query.Flag("force"))
        {
            GivenManager = manager,
            GivenValidation = query["fieldValidation"],
        };
    }

    /// <summary>The options as the document that admission is shown; a patch shows those of what it comes to.</summary>
    public Api.IKubernetesObject ToDocument(string verb)
    {
        ApiList<string> dryRun = DryRun ? ["All"] : default;
        return verb == "create"
            ? new Api.Meta.V1.CreateOptions { DryRun = dryRun, FieldManager = GivenManager, FieldValidation = GivenValidation }
            : new Api.Meta.V1.UpdateOptions { DryRun = dryRun, FieldManager = GivenManager, FieldValidation = GivenValidation };
    }

    /// <summary>As the client said it; empty where it said nothing.</summary>
    public string GivenManager { get; private init; } = "";

    public string GivenValidation { get; private init; } = "";

    internal static bool DryRunOf(IReadOnlyList<string> values, FieldErrors errors)
    {
        if (values.Count == 0)
            return false;
        foreach (var value in values)
        {
            if (value == "All")
                continue;
            errors.NotSupported("dryRun", values, "All");
            break;
        }

        return true;
    }

    /// <summary>The manager of a client that names none: the first part of its User-Agent.</summary>
    public static string ManagerOf(string userAgent)
    {
        var slash = userAgent.IndexOf('/', StringComparison.Ordinal);
        var name = slash < 0 ? userAgent : userAgent[..slash];
        var clean = true;
        foreach (var c in name)
            clean &= c is >= ' ' and < '\x7f';
        if (!clean)
            name = new string([.. name.Where(c => !char.IsControl(c))]);
        return name.Length > MaxManagerLength ? name[..MaxManagerLength] : name;
    }

    private static FieldValidation NotSupported(string value, FieldErrors errors)
    {
        errors.NotSupported("fieldValidation", value, "Ignore", "Strict", "Warn");
        return FieldValidation.Warn;
    }

    private static void CheckManager(string manager, FieldErrors errors)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(manager) > MaxManagerLength)
            errors.TooLong("fieldManager", MaxManagerLength);
        var position = 0;
        foreach (var rune in manager.EnumerateRunes())
        {
            // A first unprintable character is named, with its byte position, as upstream does.
            if (System.Text.Rune.IsControl(rune) || (System.Text.Rune.IsWhiteSpace(rune) && rune.Value != ' '))
            {
                errors.Invalid("fieldManager", manager, $"invalid character U+{rune.Value:X4} (at position {position})");
                return;
            }

            position += rune.Utf8SequenceLength;
        }
    }
}

/// <summary>Content types of PATCH requests.</summary>
internal static class PatchTypes
{
    public const string Json = "application/json-patch+json";
    public const string Merge = "application/merge-patch+json";
    public const string StrategicMerge = "application/strategic-merge-patch+json";
    public const string Apply = "application/apply-patch+yaml";

    public const string All = Json + ", " + Merge + ", " + StrategicMerge + ", " + Apply;
}
