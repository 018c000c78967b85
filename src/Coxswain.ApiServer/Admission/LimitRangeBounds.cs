using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Quotas;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>Holds what pods and claims ask for against the bounds of a limit range.</summary>
internal static class LimitRangeBounds
{
    public static List<string> Check(PodSpec spec, LimitRange range)
    {
        var problems = new List<string>();
        foreach (var item in range.Spec.Limits)
            switch (item.Type)
            {
                case "Container":
                    foreach (var container in spec.Containers)
                        Check(item, container.Resources.Requests, container.Resources.Limits, problems);
                    foreach (var container in spec.InitContainers)
                        Check(item, container.Resources.Requests, container.Resources.Limits, problems);
                    break;
                case "Pod":
                    Check(item, PodTotals.Of(spec, static r => r.Requests), PodTotals.Of(spec, static r => r.Limits), problems);
                    break;
            }

        return problems;
    }

    public static List<string> Check(PersistentVolumeClaim claim, LimitRange range)
    {
        var problems = new List<string>();
        foreach (var item in range.Spec.Limits)
        {
            if (item.Type != "PersistentVolumeClaim")
                continue;
            var requests = claim.Spec.Resources.Requests;
            foreach (var (name, bound) in CommonRules.Sorted(item.Min))
                Minimum(item.Type, name, bound, requests, default, problems);
            foreach (var (name, bound) in CommonRules.Sorted(item.Max))
                if (!requests.TryGetValue(name, out var request))
                    problems.Add($"maximum {name} usage per {item.Type} is {bound}.  No request is specified");
                else if (request > bound)
                    problems.Add($"maximum {name} usage per {item.Type} is {bound}, but request is {request}");
        }

        return problems;
    }

    private static void Check(LimitRangeItem item, ApiMap<Quantity> requests, ApiMap<Quantity> limits, List<string> problems)
    {
        foreach (var (name, bound) in CommonRules.Sorted(item.Min))
            Minimum(item.Type, name, bound, requests, limits, problems);
        foreach (var (name, bound) in CommonRules.Sorted(item.Max))
            if (!limits.TryGetValue(name, out var limit))
                problems.Add($"maximum {name} usage per {item.Type} is {bound}.  No limit is specified");
            else if (limit > bound)
                problems.Add($"maximum {name} usage per {item.Type} is {bound}, but limit is {limit}");
            else if (requests.TryGetValue(name, out var request) && request > bound)
                problems.Add($"maximum {name} usage per {item.Type} is {bound}, but request is {request}");
        foreach (var (name, bound) in CommonRules.Sorted(item.MaxLimitRequestRatio))
            Ratio(item.Type, name, bound, requests.GetValueOrDefault(name), limits.GetValueOrDefault(name), problems);
    }

    private static void Minimum(
        string type, string name, Quantity bound, ApiMap<Quantity> requests, ApiMap<Quantity> limits, List<string> problems)
    {
        if (!requests.TryGetValue(name, out var request))
            problems.Add($"minimum {name} usage per {type} is {bound}.  No request is specified");
        else if (request < bound)
            problems.Add($"minimum {name} usage per {type} is {bound}, but request is {request}");
        else if (limits.TryGetValue(name, out var limit) && limit < bound)
            problems.Add($"minimum {name} usage per {type} is {bound}, but limit is {limit}");
    }

    private static void Ratio(string type, string name, Quantity bound, Quantity request, Quantity limit, List<string> problems)
    {
        if (request.IsZero)
            problems.Add($"{name} max limit to request ratio per {type} is {bound}, but no request is specified or request is 0");
        else if (limit.IsZero)
            problems.Add($"{name} max limit to request ratio per {type} is {bound}, but no limit is specified or limit is 0");
        else if (limit.ToDouble() / request.ToDouble() is var ratio && ratio > bound.ToDouble())
            problems.Add(string.Create(CultureInfo.InvariantCulture,
                $"{name} max limit to request ratio per {type} is {bound}, but provided ratio is {ratio:F6}"));
    }
}
