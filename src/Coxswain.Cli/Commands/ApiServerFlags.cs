using System.CommandLine;

namespace Coxswain.Cli.Commands;

/// <summary>Flags of upstream's kube-apiserver that keep their spelling and meaning and are handed on as they are.</summary>
internal sealed class ApiServerFlags
{
    private static readonly (string Name, string Help)[] Known =
    [
        ("authorization-mode", "Authorizers in order: Node, RBAC, AlwaysAllow, AlwaysDeny (default Node,RBAC)"),
        ("enable-admission-plugins", "Admission plug-ins to enable besides the default ones"),
        ("disable-admission-plugins", "Admission plug-ins to disable"),
        ("token-auth-file", "CSV file of static tokens: token,user,uid,\"group,...\""),
        ("anonymous-auth", "Whether requests without credentials are let in as system:anonymous (default true)"),
        ("event-ttl", "How long events are kept (default 1h0m0s)"),
        ("request-timeout", "How long a request may take that is not a watch or a stream (default 1m0s)"),
        ("max-requests-inflight", "Reading requests served at the same time (default 400)"),
        ("max-mutating-requests-inflight", "Writing requests served at the same time (default 200)"),
        ("runtime-config", "API groups and versions to switch on or off: group/version=true|false"),
        ("service-account-issuer", "Issuer of service-account tokens (default https://kubernetes.default.svc)"),
        ("advertise-address", "Address of this API server that other machines and pods use"),
        ("profiling", "Serve /debug/pprof (default true upstream; nothing is served here)"),
    ];

    private readonly List<(string Name, Option<string?> Option)> _options = [];

    /// <summary>Declares the flags on a command.</summary>
    public static ApiServerFlags AddTo(Command command)
    {
        var flags = new ApiServerFlags();
        foreach (var (name, help) in Known)
        {
            // As with upstream's flag library, a bare --anonymous-auth means true.
            var option = new Option<string?>("--" + name) { Description = help, Arity = ArgumentArity.ZeroOrOne };
            flags._options.Add((name, option));
            command.Options.Add(option);
        }

        return flags;
    }

    /// <summary>The flags that were given, by name.</summary>
    public IReadOnlyDictionary<string, string> Read(ParseResult parsed) =>
        _options.Where(o => parsed.GetResult(o.Option) is { Implicit: false })
            .ToDictionary(o => o.Name, o => parsed.GetValue(o.Option) ?? "true");
}
