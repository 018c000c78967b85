namespace Coxswain.ApiServer.CustomResources;

/// <summary>Paths of member names with dots, as definitions give them for replicas and selectable fields: <c>.spec.replicas</c>.</summary>
internal static class SimplePath
{
    public static string[] Parse(string path) => path.TrimStart('.').Split('.');
}
