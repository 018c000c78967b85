using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.ApiServer.Admission.Policies;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>Writes into the status of validating admission policies what the check of their expressions' types found.</summary>
/// <remarks>Level-triggered: a policy is checked when its status is of an older generation.</remarks>
internal sealed partial class PolicyStatus(IClusterView cluster, PolicyTypeCheck check, ApiServerModule module, TimeProvider clock, ILogger<PolicyStatus> log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly IApiClient _api = module.ClientFor(Users.ApiServer, "kube-apiserver");

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(cancellation))
            foreach (var policy in cluster.List<ValidatingAdmissionPolicy>(""))
                if (policy.Status.ObservedGeneration < policy.Metadata.Generation)
                    await WriteAsync(policy, cancellation);
    }

    private async Task WriteAsync(ValidatingAdmissionPolicy policy, CancellationToken cancellation)
    {
        var status = policy.Status with
        {
            ObservedGeneration = policy.Metadata.Generation,
            TypeChecking = new TypeChecking { ExpressionWarnings = check.Check(policy) },
        };
        try
        {
            await _api.UpdateStatusAsync(policy with { Status = status }, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Changed or deleted meanwhile, or the store is out of reach: looked at again at the next tick.
            LogNotWritten(policy.Metadata.Name, e);
        }
    }

    [LoggerMessage(LogLevel.Debug, "The status of the policy {Name} could not be written; trying again")]
    private partial void LogNotWritten(string name, Exception error);
}
