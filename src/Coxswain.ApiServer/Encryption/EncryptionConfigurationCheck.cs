using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Encryption;

/// <summary>What is wrong with a configuration, in upstream's words.</summary>
internal static class EncryptionConfigurationCheck
{
    private const string NoProvider = "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity";
    private const string SeveralProviders = "more than one provider specified in a single element, should split into different list elements";
    private const string Overlap = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
    private static readonly int[] AesSizes = [16, 24, 32];
    private static readonly int[] SecretBoxSizes = [32];

    public static FieldErrors Validate(EncryptionConfiguration configuration)
    {
        var errors = new FieldErrors();
        var root = new FieldPath("resources");
        if (configuration.Resources.Count == 0)
            errors.Required(root, "at least one resources is required");
        var services = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < configuration.Resources.Count; i++)
        {
            var (entry, resources, providers) = (configuration.Resources[i], root.Index(i).Child("resources"), root.Index(i).Child("providers"));
            if (entry.Resources.Count == 0)
                errors.Required(resources, $"at least one {resources} is required");
            Overlaps(entry.Resources, resources, errors);
            for (var j = 0; j < entry.Resources.Count; j++)
                if (ProblemOf(entry.Resources[j]) is { } problem)
                    errors.Invalid(resources.Index(j), entry.Resources[j], problem);
            if (entry.Providers.Count == 0)
                errors.Required(providers, $"at least one {providers} is required");
            for (var j = 0; j < entry.Providers.Count; j++)
                Provider(entry.Providers[j], providers.Index(j), services, errors);
        }

        return errors;
    }

    /// <summary>The errors as one sentence, as upstream joins them.</summary>
    public static string Join(FieldErrors errors)
    {
        var texts = errors.Select(error => error.ToString()).Distinct(StringComparer.Ordinal).ToList();
        return texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
    }

    private static void Overlaps(IReadOnlyList<string> names, FieldPath path, FieldErrors errors)
    {
        var (duplicate, overlap) = (false, false);
        var resources = names.Select(ResourceNames.Parse).ToList();
        for (var i = 0; i < resources.Count; i++)
        {
            for (var j = 0; j < resources.Count; j++)
            {
                if (i == j)
                    continue;
                if (resources[i] == resources[j])
                    duplicate = true;
                else if (resources[i] is { Group: "*", Resource: "*" })
                    overlap = true;
                else if (resources[i].Group == resources[j].Group)
                    overlap |= resources[i].Resource == "*" || resources[j].Resource == "*";
            }
        }

        if (duplicate)
            errors.Invalid(path, names, "the same resource cannot be specified multiple times");
        if (overlap)
            errors.Invalid(path, names, Overlap);
    }

    private static string? ProblemOf(string name)
    {
        if (name.Any(char.IsUpper))
            return "resource name should not contain capital letters";
        if (name == "*")
            return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
        if (name is "apiserveripinfo" or "serviceipallocations" or "servicenodeportallocations")
            return "resources which do not have REST API/s cannot be encrypted";
        return ResourceNames.Parse(name) switch
        {
            { Group: "events.k8s.io" } => "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file",
            { Group: "extensions" } => "'extensions' group has been removed and cannot be used for encryption",
            { Group: "*", Resource: not "*" } => "encrypting the same resource across groups is not supported",
            _ => null,
        };
    }

    private static void Provider(EncryptionProvider provider, FieldPath path, HashSet<string> services, FieldErrors errors)
    {
        if (provider.Members != 1)
            errors.Add(new(FieldErrorType.Invalid, path.ToString(), BadValues.Omitted, provider.Members == 0 ? NoProvider : SeveralProviders));
        if (provider.Kms is { } kms)
            Service(kms, path.Child("kms"), services, errors);
        else if (provider.AesGcm is { } gcm)
            Keys(gcm, path.Child("aesgcm", "keys"), AesSizes, errors);
        else if (provider.AesCbc is { } cbc)
            Keys(cbc, path.Child("aescbc", "keys"), AesSizes, errors);
        else if (provider.SecretBox is { } box)
            Keys(box, path.Child("secretbox", "keys"), SecretBoxSizes, errors);
    }

    private static void Service(KeyManagementService kms, FieldPath path, HashSet<string> services, FieldErrors errors)
    {
        if (kms.Name.Length == 0)
            errors.Required(path.Child("name"), "name is a mandatory field for a provider");
        if (!services.Add(kms.Name))
            errors.Invalid(path.Child("name"), kms.Name, $"duplicate KMS provider name {kms.Name}, names must be unique");
        errors.Invalid(path.Child("apiVersion"), kms.ApiVersion,
            "key management services are not called yet; encrypt with secretbox, aesgcm or aescbc, and keep the file's keys where only this server can read them");
    }

    private static void Keys(IReadOnlyList<EncryptionKey> keys, FieldPath path, int[] sizes, FieldErrors errors)
    {
        if (keys.Count == 0)
            errors.Required(path, "at least one keys is required");
        for (var i = 0; i < keys.Count; i++)
        {
            var at = path.Index(i);
            if (keys[i].Name.Length == 0)
                errors.Required(at.Child("name"), "name is a mandatory field for a key");
            if (keys[i].Secret.Length == 0)
            {
                errors.Required(at.Child("secret"), "secret is a mandatory field for a key");
                continue;
            }

            var secret = new byte[keys[i].Secret.Length];
            if (!Convert.TryFromBase64String(keys[i].Secret, secret, out var size))
                errors.Invalid(at.Child("secret"), "REDACTED", "secrets must be base64 encoded");
            else if (!sizes.Contains(size))
                errors.Invalid(at.Child("secret"), "REDACTED", $"secret is not of the expected length, got {size}, expected one of [{string.Join(' ', sizes)}]");
        }
    }
}
