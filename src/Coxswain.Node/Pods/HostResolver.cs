namespace Coxswain.Node.Pods;

/// <summary>The resolver settings that the host itself uses, past a stub that only the host can reach.</summary>
internal static class HostResolver
{
    private const string Default = "/etc/resolv.conf";
    private const string BehindStub = "/run/systemd/resolve/resolv.conf";

    public static ResolverSettings Read(string? path)
    {
        if (path is { Length: 0 })
            return ResolverSettings.Empty;
        var settings = Parse(path ?? Default);
        // systemd-resolved listens on the host's loopback address, where no pod gets.
        return path is null && settings.Servers is ["127.0.0.53"] && File.Exists(BehindStub) ? Parse(BehindStub) : settings;
    }

    private static ResolverSettings Parse(string path) => File.Exists(path) ? ResolverSettings.Parse(File.ReadAllText(path)) : ResolverSettings.Empty;
}
