using System.Text;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of config maps.</summary>
internal sealed class ConfigMapStrategy : Strategy<ConfigMap>
{
    protected override void ValidateObject(StrategyContext c, ConfigMap o, FieldErrors errors)
    {
        var size = 0L;
        foreach (var (key, value) in o.Data)
        {
            Key("data", key, errors);
            if (o.BinaryData.ContainsKey(key))
                errors.Invalid(new FieldPath("data").Key(key), key, "duplicate of key present in binaryData");
            size += Encoding.UTF8.GetByteCount(value);
        }

        foreach (var (key, value) in o.BinaryData)
        {
            Key("binaryData", key, errors);
            size += value.Length;
        }

        if (size > SecretStrategy.MaxSize)
            errors.Add(new FieldError(FieldErrorType.TooLong, "[]", "", $"may not be more than {SecretStrategy.MaxSize} bytes"));
    }

    protected override void ValidateUpdate(StrategyContext c, ConfigMap updated, ConfigMap old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        if (old.Immutable == true)
        {
            if (updated.Immutable != true)
                errors.Forbidden("immutable", SecretStrategy.Frozen);
            if (updated.Data != old.Data)
                errors.Forbidden("data", SecretStrategy.Frozen);
            if (updated.BinaryData != old.BinaryData)
                errors.Forbidden("binaryData", SecretStrategy.Frozen);
        }

        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }

    private static void Key(string field, string key, FieldErrors errors)
    {
        if (ValidationRules.ConfigMapKey(key) is { Count: > 0 } messages)
            errors.Invalid(new FieldPath(field).Key(key), key, messages);
    }
}
