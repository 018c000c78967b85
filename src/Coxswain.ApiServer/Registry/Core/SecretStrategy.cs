using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of secrets.</summary>
internal sealed class SecretStrategy : Strategy<Secret>
{
    public const int MaxSize = 1024 * 1024;
    public const string Frozen = "field is immutable when `immutable` is set";

    private static readonly FieldPath Data = new("data");

    public override IReadOnlyList<string> SelectableFields { get; } = ["type"];

    protected override Secret Default(Secret o)
    {
        if (o.StringData.Count > 0)
        {
            var data = new Dictionary<string, ByteString>(o.Data, StringComparer.Ordinal);
            foreach (var (key, value) in o.StringData)
                data[key] = ByteString.FromUtf8(value);
            o = o with { Data = data.ToApiMap(), StringData = default };
        }

        return o.Type.Length > 0 ? o : o with { Type = "Opaque" };
    }

    protected override Secret PrepareForUpdate(StrategyContext c, Secret updated, Secret old) =>
        updated.Type.Length > 0 ? updated : updated with { Type = old.Type };

    protected override void ValidateObject(StrategyContext c, Secret o, FieldErrors errors)
    {
        var size = 0L;
        foreach (var (key, value) in o.Data)
        {
            if (ValidationRules.ConfigMapKey(key) is { Count: > 0 } messages)
                errors.Invalid(Data.Key(key), key, messages);
            size += value.Length;
        }

        if (size > MaxSize)
            errors.TooLong(Data, MaxSize);
        switch (o.Type)
        {
            case "kubernetes.io/service-account-token":
                if (string.IsNullOrEmpty(o.Metadata.Annotations.GetValueOrDefault("kubernetes.io/service-account.name")))
                    errors.Required(Paths.Metadata.Child("annotations").Key("kubernetes.io/service-account.name"));
                break;
            case "kubernetes.io/dockercfg":
                Json(o, ".dockercfg", errors);
                break;
            case "kubernetes.io/dockerconfigjson":
                Json(o, ".dockerconfigjson", errors);
                break;
            case "kubernetes.io/basic-auth":
                if (!o.Data.ContainsKey("username") && !o.Data.ContainsKey("password"))
                {
                    errors.Required(Data.Key("username"));
                    errors.Required(Data.Key("password"));
                }

                break;
            case "kubernetes.io/ssh-auth":
                if (!o.Data.TryGetValue("ssh-privatekey", out var privateKey) || privateKey.Length == 0)
                    errors.Required(Data.Key("ssh-privatekey"));
                break;
            case "kubernetes.io/tls":
                if (!o.Data.ContainsKey("tls.crt"))
                    errors.Required(Data.Key("tls.crt"));
                if (!o.Data.ContainsKey("tls.key"))
                    errors.Required(Data.Key("tls.key"));
                break;
        }
    }

    protected override void ValidateUpdate(StrategyContext c, Secret updated, Secret old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.Unchanged(updated.Type, old.Type, "type", errors);
        if (old.Immutable == true)
        {
            if (updated.Immutable != true)
                errors.Forbidden("immutable", Frozen);
            if (updated.Data != old.Data)
                errors.Forbidden("data", Frozen);
        }

        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }

    protected override void Warn(StrategyContext c, Secret o, Secret? old, ICollection<string> warnings)
    {
        if (o.Type == "kubernetes.io/tls" && KeyPairs.Problem(Text(o, "tls.crt"), Text(o, "tls.key")) is { } problem)
            warnings.Add(problem);
    }

    private static string Text(Secret o, string key) =>
        o.Data.TryGetValue(key, out var value) ? System.Text.Encoding.Latin1.GetString(value.Span) : "";

    protected override string? SelectableField(Secret o, string field) => field == "type" ? o.Type : null;

    private static void Json(Secret o, string key, FieldErrors errors)
    {
        if (!o.Data.TryGetValue(key, out var content))
        {
            errors.Required(Data.Key(key));
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(content.Span);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
                errors.Invalid(Data.Key(key), "<secret contents redacted>", "json: cannot unmarshal into Go value of type map[string]interface {}");
        }
        catch (JsonException e)
        {
            errors.Invalid(Data.Key(key), "<secret contents redacted>", e.Message);
        }
    }
}
