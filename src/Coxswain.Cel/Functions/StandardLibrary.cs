namespace Coxswain.Cel.Functions;

/// <summary>Everything that every environment has.</summary>
internal static class StandardLibrary
{
    public static IEnumerable<CelOverload> Overloads =>
    [
        .. Arithmetic.Overloads, .. Relations.Overloads, .. Conversions.Overloads, .. Texts.Overloads, .. Times.Overloads,
        .. Collections.Overloads, .. Sets.Overloads, .. Optionals.Overloads, .. Patterns.Overloads, .. Formatting.Overloads,
    ];

    public static CelOverload Global(string name, CelType result, CelFunctionBody body, params CelType[] parameters) =>
        new(name, false, result, body, parameters);

    /// <param name="parameters">The receiver first.</param>
    public static CelOverload Member(string name, CelType result, CelFunctionBody body, params CelType[] parameters) =>
        new(name, true, result, body, parameters);
}
