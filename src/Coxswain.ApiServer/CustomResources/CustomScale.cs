using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Autoscaling.V1;
using Coxswain.Api.CustomResources;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>The scale subresource of a custom kind, by the paths that its definition names.</summary>
internal sealed class CustomScale(CustomResourceSubresourceScale paths) : IScaleStrategy
{
    private const string NotNegative = "should be a non-negative integer";

    private readonly string[] _wanted = SimplePath.Parse(paths.SpecReplicasPath);
    private readonly string[] _found = SimplePath.Parse(paths.StatusReplicasPath);
    private readonly string[]? _selector = paths.LabelSelectorPath is { Length: > 0 } path ? SimplePath.Parse(path) : null;

    /// <exception cref="ApiException">500: the object does not say how many it wants.</exception>
    public Scale Get(IMetadataObject o)
    {
        var content = ((CustomObject)o).Parse();
        if (CustomContent.At(content, _wanted) is not { ValueKind: JsonValueKind.Number } wanted)
            throw new ApiException(Statuses.InternalError($"the spec replicas field {GoText.Quote(paths.SpecReplicasPath)} does not exist"));
        return new()
        {
            Metadata = new ObjectMeta
            {
                Name = o.Metadata.Name,
                Namespace = o.Metadata.Namespace,
                Uid = o.Metadata.Uid,
                ResourceVersion = o.Metadata.ResourceVersion,
                CreationTimestamp = o.Metadata.CreationTimestamp,
            },
            Spec = new() { Replicas = Number(wanted) },
            Status = new()
            {
                Replicas = CustomContent.At(content, _found) is { ValueKind: JsonValueKind.Number } found ? Number(found) : 0,
                Selector = _selector is not null && CustomContent.At(content, _selector) is { ValueKind: JsonValueKind.String } selector
                    ? selector.GetString()!
                    : "",
            },
        };
    }

    public IMetadataObject Set(IMetadataObject o, Scale scale)
    {
        var value = (CustomObject)o;
        return value with { Content = CustomContent.WithNumber(value.Content, _wanted, scale.Spec.Replicas) };
    }

    /// <summary>Judges what the paths lead to.</summary>
    public void Validate(JsonElement content, FieldErrors errors)
    {
        Replicas(content, _wanted, paths.SpecReplicasPath, errors);
        Selector(content, errors);
        Replicas(content, _found, paths.StatusReplicasPath, errors);
    }

    private static void Replicas(JsonElement content, string[] path, string field, FieldErrors errors)
    {
        if (CustomContent.At(content, path) is not { } value || value.ValueKind == JsonValueKind.Null)
            return;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number))
            errors.Invalid(field, 0L, $"{field} accessor error: {value.GetRawText()} is of the type {GoType(value)}, expected int64");
        else if (number < 0)
            errors.Invalid(field, number, NotNegative);
        else if (number > int.MaxValue)
            errors.Invalid(field, number, $"should be less than or equal to {int.MaxValue}");
    }

    private void Selector(JsonElement content, FieldErrors errors)
    {
        if (_selector is null || CustomContent.At(content, _selector) is not { } value || value.ValueKind is JsonValueKind.Null or JsonValueKind.String)
            return;
        errors.Invalid(paths.LabelSelectorPath!, "",
            $"{paths.LabelSelectorPath} accessor error: {value.GetRawText()} is of the type {GoType(value)}, expected string");
    }

    private static int Number(JsonElement value) => value.TryGetInt64(out var number) ? (int)Math.Clamp(number, int.MinValue, int.MaxValue) : 0;

    private static string GoType(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "bool",
        JsonValueKind.Number => value.TryGetInt64(out _) ? "int64" : "float64",
        JsonValueKind.Array => "[]interface {}",
        _ => "map[string]interface {}",
    };
}
