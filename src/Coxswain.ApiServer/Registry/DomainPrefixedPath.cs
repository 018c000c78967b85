using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Judges names such as acme.io/foo: who is meant, and what of theirs.</summary>
internal static class DomainPrefixedPath
{
    public static void Validate(string text, FieldPath path, FieldErrors errors)
    {
        if (text.Length == 0)
        {
            errors.Required(path);
            return;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == text.Length - 1)
        {
            errors.Invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
            return;
        }

        var host = text[..slash];
        errors.Invalid(path, host, ValidationRules.Dns1123Subdomain(host));
        foreach (var c in text.AsSpan(slash + 1))
            if (!char.IsAsciiLetterOrDigit(c) && !"-._~%!$&'()*+,;=:@/".Contains(c))
            {
                errors.Invalid(path, text[(slash + 1)..], "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
                return;
            }
    }
}
