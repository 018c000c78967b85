using System.Text.Json.Nodes;
using Coxswain.ApiServer.Tests.Conformance;

namespace Coxswain.ApiServer.Tests.CustomResources;

/// <summary>Makes definitions and waits until they are served. Each has a group of its own, so that tests do not meet.</summary>
internal sealed class Definitions(Conformance.Api api)
{
    public const string Path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    public static string NewGroup() => $"g{Guid.NewGuid().ToString("N")[..10]}.example";

    public static string Version(string schema, string name = "v1", bool storage = true, string more = "") =>
        $$$"""{"name":"{{{name}}}","served":true,"storage":{{{(storage ? "true" : "false")}}},"schema":{"openAPIV3Schema":{{{schema}}}}{{{more}}}}""";

    public static string Document(string group, string versions, string names = "", string spec = "") =>
        $$$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.{{{group}}}"},
        "spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"plural":"things","kind":"Thing"{{{names}}}},"versions":[{{{versions}}}]{{{spec}}}}}
        """;

    /// <summary>A definition of things in one version, established.</summary>
    public async Task<string> ThingsAsync(string schema, string more = "", string names = "")
    {
        var group = NewGroup();
        await MakeAsync(group, Document(group, Version(schema, more: more), names));
        return group;
    }

    public async Task MakeAsync(string group, string document)
    {
        (await api.PostAsync(Path, document)).Expect(201);
        await EstablishedAsync(group);
    }

    public Task<Answer> EstablishedAsync(string group) => api.UntilAsync(
        () => api.GetAsync($"{Path}/things.{group}"), answer => Condition(answer, "Established", "status") == "True");

    public static string? Condition(Answer definition, string type, string member) => (string?)(definition["status/conditions"] as JsonArray)?
        .FirstOrDefault(condition => (string?)condition!["type"] == type)?[member];

    public static string Thing(string group, string name, string more = "", string version = "v1", string metadata = "") =>
        $$$"""{"apiVersion":"{{{group}}}/{{{version}}}","kind":"Thing","metadata":{"name":"{{{name}}}"{{{metadata}}}}{{{more}}}}""";
}
