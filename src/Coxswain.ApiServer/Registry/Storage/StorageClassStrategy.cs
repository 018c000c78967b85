using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Storage;

/// <summary>The rules of storage classes, which hardly ever change.</summary>
internal sealed class StorageClassStrategy : Strategy<StorageClass>
{
    private const int MaxParameterBytes = 256 * 1024;
    private const int MaxParameters = 512;

    protected override StorageClass Default(StorageClass o) =>
        o with { ReclaimPolicy = o.ReclaimPolicy ?? "Delete", VolumeBindingMode = o.VolumeBindingMode ?? "Immediate" };

    protected override void ValidateObject(StrategyContext c, StorageClass o, FieldErrors errors)
    {
        Provisioner(o.Provisioner, "provisioner", errors);
        Parameters(o.Parameters, allowEmpty: true, "parameters", errors);
        if (!string.IsNullOrEmpty(o.ReclaimPolicy))
            CommonRules.OptionalOneOf(o.ReclaimPolicy, "reclaimPolicy", errors, "Delete", "Retain");
        if (o.VolumeBindingMode is null)
            errors.Required("volumeBindingMode");
        else
            CommonRules.OptionalOneOf(o.VolumeBindingMode, "volumeBindingMode", errors, "Immediate", "WaitForFirstConsumer");
        for (var i = 0; i < o.AllowedTopologies.Count; i++)
        {
            var requirements = o.AllowedTopologies[i].MatchLabelExpressions;
            for (var j = 0; j < requirements.Count; j++)
            {
                var at = new FieldPath("allowedTopologies").Index(i).Child("matchLabelExpressions").Index(j);
                if (requirements.AsSpan()[..j].ToArray().Any(earlier => earlier.Key == requirements[j].Key))
                    errors.Duplicate(at.Child("key"), requirements[j].Key);
                if (requirements[j].Values.Count == 0)
                    errors.Required(at.Child("values"));
                for (var k = 1; k < requirements[j].Values.Count; k++)
                    if (requirements[j].Values.AsSpan()[..k].Contains(requirements[j].Values[k]))
                        errors.Duplicate(at.Child("values").Index(k), requirements[j].Values[k]);
                LabelValidation.LabelName(requirements[j].Key, at.Child("key"), errors);
            }

            if (o.AllowedTopologies.AsSpan()[..i].ToArray().Any(earlier => SameTerm(earlier, o.AllowedTopologies[i])))
                errors.Duplicate(new FieldPath("allowedTopologies").Index(i).Child("matchLabelExpressions"), "");
        }
    }

    protected override void ValidateUpdate(StrategyContext c, StorageClass updated, StorageClass old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.Parameters != old.Parameters)
            errors.Forbidden("parameters", "updates to parameters are forbidden.");
        if (updated.Provisioner != old.Provisioner)
            errors.Forbidden("provisioner", "updates to provisioner are forbidden.");
        if (updated.ReclaimPolicy != old.ReclaimPolicy)
            errors.Forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden.");
        CommonRules.Unchanged(updated.VolumeBindingMode, old.VolumeBindingMode, "volumeBindingMode", errors);
    }

    protected override void Warn(StrategyContext c, StorageClass o, StorageClass? old, ICollection<string> warnings)
    {
        for (var i = 0; i < o.AllowedTopologies.Count; i++)
            for (var j = 0; j < o.AllowedTopologies[i].MatchLabelExpressions.Count; j++)
            {
                var key = o.AllowedTopologies[i].MatchLabelExpressions[j].Key;
                if (NodeLabelWarnings.Deprecation(key) is { } message)
                    warnings.Add($"allowedTopologies[{i}].matchLabelExpressions[{j}].key: {key} is {message}");
            }
    }

    // Whatever the order of requirements and values.
    private static bool SameTerm(TopologySelectorTerm one, TopologySelectorTerm other)
    {
        if (one.MatchLabelExpressions.Count != other.MatchLabelExpressions.Count)
            return false;
        foreach (var requirement in one.MatchLabelExpressions)
        {
            var found = other.MatchLabelExpressions.FirstOrDefault(o => o.Key == requirement.Key);
            if (found is null || !found.Values.ToHashSet().SetEquals(requirement.Values))
                return false;
        }

        return true;
    }

    public static void Provisioner(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
            errors.Required(path);
        else
            errors.Invalid(path, name, ValidationRules.QualifiedName(name.ToLowerInvariant()));
    }

    public static void Parameters(ApiMap<string> parameters, bool allowEmpty, FieldPath path, FieldErrors errors)
    {
        if (parameters.Count > MaxParameters)
        {
            errors.TooLong(path, MaxParameters);
            return;
        }

        var size = 0L;
        foreach (var (key, value) in parameters)
        {
            if (key.Length == 0)
                errors.Invalid(path, key, "field can not be empty.");
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value);
        }

        if (size > MaxParameterBytes)
            errors.TooLong(path, MaxParameterBytes);
        if (!allowEmpty && parameters.Count == 0)
            errors.Required(path, "must contain at least one key/value pair");
    }
}
