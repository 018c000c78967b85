using System.Text;
using Coxswain.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Health;

/// <summary>Answers /healthz, /livez and /readyz, whole or one check at a time.</summary>
internal sealed class HealthPage(HealthChecks checks)
{
    /// <returns>False: there is no such check.</returns>
    public async Task<bool> HandleAsync(HttpContext context, string path, QueryParameters query, CancellationToken cancellation)
    {
        var slash = path.IndexOf('/', 1);
        var page = slash < 0 ? path[1..] : path[1..slash];
        var name = slash < 0 ? "" : path[(slash + 1)..].TrimEnd('/');
        var all = checks.For(page);
        if (name.Length > 0)
        {
            if (all.FirstOrDefault(c => c.Name == name) is not { } one)
                return false;
            var wrong = await one.Check(cancellation);
            await ResponseWriter.WriteTextAsync(context, wrong is null ? 200 : 500, wrong is null ? "ok" : $"internal server error: {wrong}\n", cancellation);
            return true;
        }

        var text = new StringBuilder();
        var failed = false;
        var excluded = query.Values("exclude");
        foreach (var check in all)
        {
            if (excluded.Contains(check.Name))
            {
                text.Append("[+]").Append(check.Name).Append(" excluded: ok\n");
                continue;
            }

            var wrong = await check.Check(cancellation);
            var counts = check.IsVital || page != "livez";
            failed |= wrong is not null && counts;
            text.Append(wrong is null ? $"[+]{check.Name} ok\n" : $"[-]{check.Name} failed: {(counts ? "reason withheld" : "the server lives on without")}\n");
        }

        if (failed)
            await ResponseWriter.WriteTextAsync(context, 500, text.Append(page).Append(" check failed\n").ToString(), cancellation);
        else if (query.Has("verbose"))
            await ResponseWriter.WriteTextAsync(context, 200, text.Append(page).Append(" check passed\n").ToString(), cancellation);
        else
            await ResponseWriter.WriteTextAsync(context, 200, "ok", cancellation);
        return true;
    }
}
