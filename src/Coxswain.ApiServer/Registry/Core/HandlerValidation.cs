using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges probes and lifecycle hooks.</summary>
internal static class HandlerValidation
{
    public static void Lifecycle(Lifecycle lifecycle, long? gracePeriod, PodOS? os, FieldPath path, FieldErrors errors)
    {
        if (lifecycle.PostStart is { } start)
            Handler(new(start.Exec, start.HttpGet, start.TcpSocket, null, start.Sleep), gracePeriod, path.Child("postStart"), errors);
        if (lifecycle.PreStop is { } stop)
            Handler(new(stop.Exec, stop.HttpGet, stop.TcpSocket, null, stop.Sleep), gracePeriod, path.Child("preStop"), errors);
        if (lifecycle.StopSignal is { } signal)
            StopSignals.Validate(signal, os, path.Child("stopSignal"), errors);
    }

    public static void LivenessProbe(Probe? probe, FieldPath path, FieldErrors errors)
    {
        if (probe is null)
            return;
        Common(probe, path, errors);
        if (probe.SuccessThreshold != 1)
            errors.Invalid(path.Child("successThreshold"), probe.SuccessThreshold, "must be 1");
    }

    public static void ReadinessProbe(Probe? probe, FieldPath path, FieldErrors errors)
    {
        if (probe is null)
            return;
        Common(probe, path, errors);
        if (probe.TerminationGracePeriodSeconds is not null)
            errors.Invalid(path.Child("terminationGracePeriodSeconds"), probe.TerminationGracePeriodSeconds, "must not be set for readinessProbes");
    }

    public static void PortNumberOrName(IntOrString port, FieldPath path, FieldErrors errors)
    {
        if (port.IsString)
            errors.Invalid(path, port.StringValue, ValidationRules.PortName(port.StringValue));
        else
            errors.Invalid(path, port.IntValue, ValidationRules.PortNumber(port.IntValue));
    }

    private static void Common(Probe probe, FieldPath path, FieldErrors errors)
    {
        Handler(new(probe.Exec, probe.HttpGet, probe.TcpSocket, probe.Grpc, null), null, path, errors);
        CommonRules.NonNegative(probe.InitialDelaySeconds, path.Child("initialDelaySeconds"), errors);
        CommonRules.NonNegative(probe.TimeoutSeconds, path.Child("timeoutSeconds"), errors);
        CommonRules.NonNegative(probe.PeriodSeconds, path.Child("periodSeconds"), errors);
        CommonRules.NonNegative(probe.SuccessThreshold, path.Child("successThreshold"), errors);
        CommonRules.NonNegative(probe.FailureThreshold, path.Child("failureThreshold"), errors);
        if (probe.TerminationGracePeriodSeconds <= 0)
            errors.Invalid(path.Child("terminationGracePeriodSeconds"), probe.TerminationGracePeriodSeconds, "must be greater than 0");
    }

    /// <summary>The ways to ask or tell a container something, of which exactly one may be set.</summary>
    private readonly record struct Handlers(ExecAction? Exec, HTTPGetAction? HttpGet, TCPSocketAction? TcpSocket, GRPCAction? Grpc, SleepAction? Sleep);

    private static void Handler(Handlers handler, long? gracePeriod, FieldPath path, FieldErrors errors)
    {
        var count = 0;
        if (handler.Exec is not null && First("exec") && handler.Exec.Command.Count == 0)
            errors.Required(path.Child("exec").Child("command"));
        if (handler.HttpGet is not null && First("httpGet"))
            HttpGet(handler.HttpGet, path.Child("httpGet"), errors);
        if (handler.TcpSocket is not null && First("tcpSocket"))
            PortNumberOrName(handler.TcpSocket.Port, path.Child("tcpSocket").Child("port"), errors);
        if (handler.Grpc is not null && First("grpc"))
            PortNumberOrName(handler.Grpc.Port, path.Child("grpc").Child("port"), errors);
        if (handler.Sleep is not null && First("sleep") && gracePeriod is not null
            && (handler.Sleep.Seconds < 0 || handler.Sleep.Seconds > gracePeriod))
            errors.Invalid(path.Child("sleep"), handler.Sleep.Seconds,
                $"must be non-negative and less than terminationGracePeriodSeconds ({gracePeriod})");
        if (count == 0)
            errors.Required(path, "must specify a handler type");

        bool First(string name)
        {
            if (count++ == 0)
                return true;
            errors.Forbidden(path.Child(name), "may not specify more than 1 handler type");
            return false;
        }
    }

    private static void HttpGet(HTTPGetAction action, FieldPath path, FieldErrors errors)
    {
        if (action.Path.Length == 0)
            errors.Required(path.Child("path"));
        PortNumberOrName(action.Port, path.Child("port"), errors);
        if (action.Scheme is not ("HTTP" or "HTTPS"))
            errors.NotSupported(path.Child("scheme"), action.Scheme, "HTTP", "HTTPS");
        foreach (var header in action.HttpHeaders)
            errors.Invalid(path.Child("httpHeaders"), header.Name, ValidationRules.HttpHeaderName(header.Name));
    }
}
