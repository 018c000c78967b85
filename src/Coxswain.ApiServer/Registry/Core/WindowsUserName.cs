using System.Buffers;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges names of Windows users: USER or DOMAIN\USER.</summary>
internal static class WindowsUserName
{
    private const int MaxDomain = 256;
    private const int MaxUser = 104;
    private static readonly SearchValues<char> NotInUser = SearchValues.Create("\"/\\:;|=,+*?<>@[]");
    private static readonly SearchValues<char> NotInNetBios = SearchValues.Create("\\/:*?\"<>|");

    public static void Validate(string name, FieldPath path, FieldErrors errors)
    {
        var parts = name.Split('\\');
        if (name.Length == 0)
            Refuse("runAsUserName cannot be an empty string");
        else if (name.Any(char.IsControl))
            Refuse("runAsUserName cannot contain control characters");
        else if (parts.Length > 2)
            Refuse("runAsUserName cannot contain more than one backslash");
        else
            Parts(parts.Length == 2 ? parts[0] : null, parts[^1]);

        void Parts(string? domain, string user)
        {
            if (domain is { Length: >= MaxDomain })
                Refuse($"runAsUserName's Domain length must be under {MaxDomain} characters");
            if (domain is not null && !IsNetBios(domain) && !IsDns(domain))
                Refuse("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
            if (user.Length == 0)
                Refuse("runAsUserName's User cannot be empty");
            else if (user.Length > MaxUser)
                Refuse($"runAsUserName's User length must not be longer than {MaxUser} characters");
            if (user.Length > 0 && user.All(c => c is '.' or ' '))
                Refuse("runAsUserName's User cannot contain only periods or spaces");
            if (user.AsSpan().ContainsAny(NotInUser))
                Refuse("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
        }

        void Refuse(string message) => errors.Invalid(path, name, message);
    }

    private static bool IsNetBios(string domain) =>
        domain.Length is > 0 and <= 15 && domain[0] != '.' && !domain.AsSpan().ContainsAny(NotInNetBios);

    private static bool IsDns(string domain) => domain.Length > 0 && ValidationRules.Dns1123Subdomain(domain.ToLowerInvariant()).Count == 0
        && domain.Split('.').All(label => label.Length <= ValidationRules.Dns1123LabelMaxLength);
}
