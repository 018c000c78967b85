using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Selectors;
using Coxswain.ApiServer.Registry;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>Finds the objects that a binding gives its policy as parameters.</summary>
internal sealed class ParameterSource(IObjectsByKind objects)
{
    private static readonly IReadOnlyList<CelValue> Without = [CelValue.Null];

    /// <summary>One value for each evaluation of the policy; none: it is not evaluated.</summary>
    /// <exception cref="PolicyConfigurationException">The parameters cannot be had; the failure policy decides.</exception>
    public IReadOnlyList<CelValue> Find(ParamKind? kind, ParamRef? reference, AdmissionContext context)
    {
        if (kind is null)
            return Without;
        if (reference is null)
            return Without;
        var slash = kind.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        var gvk = slash < 0
            ? new GroupVersionKind("", kind.ApiVersion, kind.Kind)
            : new GroupVersionKind(kind.ApiVersion[..slash], kind.ApiVersion[(slash + 1)..], kind.Kind);
        if (objects.IsNamespaced(gvk) is not { } namespaced)
            throw new PolicyConfigurationException($"failed to find resource referenced by paramKind: '{gvk.ApiVersion}, Kind={gvk.Kind}'");
        if (!namespaced && reference.Namespace.Length > 0)
            throw new PolicyConfigurationException("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
        var scope = namespaced ? reference.Namespace.Length > 0 ? reference.Namespace : context.Namespace : "";
        if (namespaced && scope.Length == 0)
            throw new PolicyConfigurationException("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
        var found = new List<CelValue>();
        if (reference.Name.Length > 0)
        {
            if (objects.Find(gvk, scope, reference.Name) is { } one)
                found.Add(RequestVariables.Value(one, CelType.Dyn));
        }
        else
        {
            var selector = reference.Selector is { } labels ? Selector.From(labels) : Selector.Everything;
            foreach (var (metadata, json) in objects.List(gvk, scope))
                if (selector.Matches(metadata.Labels))
                    found.Add(RequestVariables.Value(json, CelType.Dyn));
        }
        if (found.Count == 0 && reference.ParameterNotFoundAction != "Allow")
            throw new PolicyConfigurationException("no params found for policy binding with `Deny` parameterNotFoundAction");
        return found;
    }
}

/// <summary>A policy or a binding says something that cannot be done.</summary>
internal sealed class PolicyConfigurationException(string message) : Exception(message);
