using Coxswain.Api;
using Coxswain.Api.Resource.V1;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>Fills in what requests for devices leave out.</summary>
internal static class DeviceClaimDefaults
{
    public static ResourceClaimSpec Apply(ResourceClaimSpec spec)
    {
        var requests = spec.Devices.Requests;
        for (var i = 0; i < requests.Count; i++)
            requests = requests.SetItem(i, requests[i] with
            {
                Exactly = requests[i].Exactly is { } exactly ? Exactly(exactly) : null,
                FirstAvailable = Alternatives(requests[i].FirstAvailable),
            });
        return spec with { Devices = spec.Devices with { Requests = requests } };
    }

    private static ExactDeviceRequest Exactly(ExactDeviceRequest request)
    {
        var mode = VolumeDefaults.Or(request.AllocationMode, "ExactCount");
        return request with { AllocationMode = mode, Count = Count(mode, request.Count), Tolerations = Tolerations(request.Tolerations) };
    }

    private static ApiList<DeviceSubRequest> Alternatives(ApiList<DeviceSubRequest> alternatives)
    {
        for (var i = 0; i < alternatives.Count; i++)
        {
            var mode = VolumeDefaults.Or(alternatives[i].AllocationMode, "ExactCount");
            alternatives = alternatives.SetItem(i, alternatives[i] with
            {
                AllocationMode = mode,
                Count = Count(mode, alternatives[i].Count),
                Tolerations = Tolerations(alternatives[i].Tolerations),
            });
        }

        return alternatives;
    }

    public static ApiList<DeviceToleration> Tolerations(ApiList<DeviceToleration> tolerations)
    {
        for (var i = 0; i < tolerations.Count; i++)
            if (tolerations[i].Operator.Length == 0)
                tolerations = tolerations.SetItem(i, tolerations[i] with { Operator = "Equal" });
        return tolerations;
    }

    private static long Count(string mode, long count) => mode == "ExactCount" && count == 0 ? 1 : count;
}
