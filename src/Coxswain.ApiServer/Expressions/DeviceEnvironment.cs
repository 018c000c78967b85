using Coxswain.Cel;

namespace Coxswain.ApiServer.Expressions;

/// <summary>The one name that expressions which choose devices may use: device.</summary>
internal static class DeviceEnvironment
{
    private static readonly CelEnvironment Environment = KubernetesLibrary.Environment.With(
    [
        KeyValuePair.Create("device", AdmissionEnvironment.Fields(
            "DRADevice",
            ("driver", CelType.String),
            ("attributes", CelType.Map(CelType.String, CelType.Map(CelType.String, CelType.Dyn))),
            ("capacity", CelType.Map(CelType.String, CelType.Map(CelType.String, QuantityLibrary.Type))),
            ("allowMultipleAllocations", CelType.Bool))),
    ]);

    /// <summary>What is wrong with the expression in upstream's words, or null.</summary>
    public static string? Problem(string expression)
    {
        var compiled = CompiledExpression.Compile(Environment, expression);
        if (compiled.Error is not null)
            return compiled.Error;
        return compiled.Type.Kind is CelTypeKind.Bool or CelTypeKind.Dyn ? null : $"must evaluate to bool or the unknown type, not {compiled.Type}";
    }
}
