namespace Coxswain.Lifecycle;

/// <summary>A datastore as one writes it: <c>etcd://HOST:PORT,HOST:PORT</c>, or <c>sqlite:</c> for the file of the data folder.</summary>
/// <param name="Servers">The members of an etcd cluster; none: SQLite.</param>
/// <param name="Path">The SQLite file; empty: the data folder's own.</param>
public sealed record DatastoreAddress(IReadOnlyList<string> Servers, string Path, string CaFile, string CertFile, string KeyFile)
{
    public bool IsEtcd => Servers.Count > 0;

    /// <exception cref="LifecycleException">The text is no address of a datastore.</exception>
    public static DatastoreAddress Parse(string text, string caFile, string certFile, string keyFile)
    {
        if (text is "sqlite" or "sqlite:" or "sqlite://")
            return new([], "", "", "", "");
        if (text.StartsWith("sqlite:///", StringComparison.Ordinal))
            return new([], System.IO.Path.GetFullPath(text["sqlite://".Length..]), "", "", "");
        var plain = text.StartsWith("etcd://", StringComparison.Ordinal);
        var servers = (plain ? text["etcd://".Length..] : text).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(s => !plain ? s : (caFile.Length + certFile.Length > 0 ? "https://" : "http://") + (s.Contains(':', StringComparison.Ordinal) ? s : s + ":2379")).ToList();
        if (servers.Count == 0 || !servers.TrueForAll(s => Uri.TryCreate(s, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", AbsolutePath: "/", Query: "" }))
            throw new LifecycleException($"{text} is not a datastore; write etcd://HOST:PORT,HOST:PORT (with --etcd-cafile it is reached by TLS), or sqlite: for the file of the data folder");
        if (certFile.Length > 0 != keyFile.Length > 0)
            throw new LifecycleException("--etcd-certfile and --etcd-keyfile belong together");
        return new(servers, "", caFile, certFile, keyFile);
    }

    /// <summary>The settings of an instance that uses it.</summary>
    public StoreSettings ApplyTo(StoreSettings settings) => settings with
    {
        EtcdServers = [.. Servers.Select(s => new Uri(s))],
        EtcdCaFile = CaFile,
        EtcdCertFile = CertFile,
        EtcdKeyFile = KeyFile,
    };

    public override string ToString() => IsEtcd ? $"etcd at {string.Join(", ", Servers)}" : Path.Length > 0 ? Path : "the data folder's own file";
}
