namespace Coxswain.ApiServer.OpenApi;

/// <summary>A parameter in the path or in the query.</summary>
/// <param name="In"><c>path</c> or <c>query</c>; what stands in the path is required.</param>
/// <param name="Type"><c>string</c>, <c>integer</c> or <c>boolean</c>.</param>
internal sealed record ApiParameter(string Name, string In, string Type, string Description)
{
    public bool IsRequired => In == "path";

    /// <summary>Whether version 2 writes it once and refers to it. Two stay in place, because older kubectls look for them there to
    /// learn what the server can do, and names differ in what they are the names of.</summary>
    public bool IsShared => Name is not ("name" or "fieldValidation" or "dryRun");
}
