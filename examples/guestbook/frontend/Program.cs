using System.Net;
using System.Text;
using Guestbook;

// The guestbook's front end: entries are written to the Redis leader and read from a follower.
var builder = WebApplication.CreateSlimBuilder(args);
builder.WebHost.UseUrls("http://0.0.0.0:8080");
builder.Logging.SetMinimumLevel(LogLevel.Warning);
// When the pod is asked to end, requests that still come in by connections kept open are served for a while.
builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(10));
var app = builder.Build();

string Setting(string name, string otherwise) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : otherwise;
var leader = new RedisEndpoint(Setting("REDIS_LEADER_HOST", "redis-leader"), Setting("REDIS_PASSWORD", ""));
var follower = new RedisEndpoint(Setting("REDIS_FOLLOWER_HOST", "redis-follower"), Setting("REDIS_PASSWORD", ""));
var title = Setting("GUESTBOOK_TITLE", "Guestbook");
var version = Setting("GUESTBOOK_VERSION", "dev");

app.MapGet("/healthz", () => "ok\n");
app.MapGet("/readyz", async (CancellationToken cancellation) =>
{
    try
    {
        return await follower.SendAsync(cancellation, "PING") == "PONG" ? Results.Text("ready\n") : Results.StatusCode(503);
    }
    catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
    {
        return Results.Text($"no follower answers: {e.Message}\n", statusCode: 503);
    }
});
app.MapGet("/version", () => $"{version} {Dns.GetHostName()}\n");
app.MapGet("/entries", async (CancellationToken cancellation) =>
    Results.Text(await follower.SendAsync(cancellation, "LRANGE", "entries", "0", "99") + "\n"));
app.MapPost("/entries", async (HttpRequest request, CancellationToken cancellation) =>
{
    using var reader = new StreamReader(request.Body, Encoding.UTF8);
    var text = await reader.ReadToEndAsync(cancellation);
    if (text.Length is 0 or > 1000)
        return Results.BadRequest("an entry has 1 to 1000 characters\n");
    return Results.Text($"entry {await leader.SendAsync(cancellation, "LPUSH", "entries", text)}\n");
});
app.MapGet("/", async (CancellationToken cancellation) =>
{
    var entries = (await follower.SendAsync(cancellation, "LRANGE", "entries", "0", "99")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    var list = string.Concat(entries.Select(e => $"<li>{WebUtility.HtmlEncode(e)}</li>"));
    return Results.Text($$"""
        <!doctype html><html lang="en"><meta charset="utf-8"><title>{{WebUtility.HtmlEncode(title)}}</title>
        <h1>{{WebUtility.HtmlEncode(title)}}</h1>
        <form onsubmit="fetch('/entries',{method:'POST',body:this.text.value}).then(()=>location.reload());return false">
        <input name="text" maxlength="1000" autofocus> <button>Write</button></form><ul>{{list}}</ul>
        <footer>version {{WebUtility.HtmlEncode(version)}} on {{WebUtility.HtmlEncode(Dns.GetHostName())}}</footer></html>
        """, "text/html");
});
await app.RunAsync();
