using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>The names of the requests of one claim, and of their alternatives ("request/alternative").</summary>
internal sealed class DeviceRequestNames
{
    private const string Unknown = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

    private readonly HashSet<string> names = new(StringComparer.Ordinal);

    public DeviceRequestNames(DeviceClaim claim)
    {
        foreach (var request in claim.Requests)
        {
            names.Add(request.Name);
            foreach (var alternative in request.FirstAvailable)
                names.Add($"{request.Name}/{alternative.Name}");
        }
    }

    public void Reference(string name, FieldPath path, FieldErrors errors)
    {
        var parts = name.Split('/');
        if (parts.Length > 2)
        {
            errors.Invalid(path, name, Unknown);
            return;
        }

        foreach (var part in parts)
            DeviceNames.Label(part, path, errors);
        if (!names.Contains(name))
            errors.Invalid(path, name, Unknown);
    }
}
