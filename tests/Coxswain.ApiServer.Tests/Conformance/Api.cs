using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Conformance;

/// <summary>JSON over real HTTP in as few words as a test can bear.</summary>
internal sealed class Api(TestCluster cluster, string? token = TestCluster.AdminToken) : IDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public HttpClient Http { get; } = cluster.Http(token);

    public async Task<Answer> SendAsync(string method, string path, string? body = null, string type = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        var warnings = response.Headers.TryGetValues("Warning", out var values) ? values.ToList() : [];
        return new((int)response.StatusCode, text, warnings);
    }

    public Task<Answer> GetAsync(string path) => SendAsync("GET", path);

    public Task<Answer> PostAsync(string path, string body) => SendAsync("POST", path, body);

    public Task<Answer> PutAsync(string path, string body) => SendAsync("PUT", path, body);

    public Task<Answer> DeleteAsync(string path, string? body = null) => SendAsync("DELETE", path, body);

    public Task<Answer> MergeAsync(string path, string body) => SendAsync("PATCH", path, body, "application/merge-patch+json");

    public Task<Answer> ApplyAsync(string path, string body, string manager = "test") =>
        SendAsync("PATCH", $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}fieldManager={manager}", body, "application/apply-patch+yaml");

    /// <summary>A new namespace with the test's own name in it.</summary>
    public async Task<string> NamespaceAsync(string prefix = "t", string labels = "")
    {
        var name = $"{prefix}-{Guid.NewGuid().ToString("N")[..8]}";
        (await PostAsync("/api/v1/namespaces", "{\"metadata\":{\"name\":\"" + name + "\",\"labels\":{" + labels + "}}}")).Expect(201);
        return name;
    }

    /// <summary>Asks until the answer is as wished; a cluster is given half a minute.</summary>
    public async Task<Answer> UntilAsync(Func<Task<Answer>> ask, Func<Answer, bool> wished)
    {
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        while (true)
        {
            var answer = await ask();
            if (wished(answer))
                return answer;
            Assert.True(clock.GetElapsedTime(start) < TimeSpan.FromSeconds(30), $"still {answer.Code}: {answer.Text}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), clock, Cancellation);
        }
    }

    public void Dispose() => Http.Dispose();
}

internal sealed record Answer(int Code, string Text, List<string> Warnings)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public string? Message => (string?)Json["message"];

    public JsonNode? this[string pointer] => pointer.Split('/').Aggregate((JsonNode?)Json, (node, part) => node switch
    {
        JsonArray array => array[int.Parse(part, null)],
        JsonObject o => o[part],
        _ => null,
    });

    public string? String(string pointer) => (string?)this[pointer];

    public Answer Expect(int code)
    {
        Assert.True(Code == code, $"{code} expected, but {Code}: {Text}");
        return this;
    }
}
