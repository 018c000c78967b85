using System.Text.Json;
using System.Text.Json.Serialization;
using Coxswain.Security;

namespace Coxswain.Lifecycle;

/// <summary>Where the state of a data folder is, once it was moved: the next start goes there, whatever its flags leave out.</summary>
public sealed record DatastoreFile(string Kind, IReadOnlyList<string> Servers, string CaFile, string CertFile, string KeyFile)
{
    private const string Etcd = "etcd";
    private const string Sqlite = "sqlite";

    public static DatastoreFile For(DatastoreAddress address) => address.IsEtcd
        ? new(Etcd, address.Servers, address.CaFile, address.CertFile, address.KeyFile)
        : new(Sqlite, [], "", "", "");

    /// <summary>Null: the state was never moved.</summary>
    /// <exception cref="LifecycleException">The file is damaged.</exception>
    public static DatastoreFile? Read(InstanceDirectory directory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(directory.Datastore), DatastoreJson.Default.DatastoreFile);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new LifecycleException($"{directory.Datastore} is damaged, which says where the cluster's state is: {e.Message}", e);
        }
    }

    public void Write(InstanceDirectory directory) =>
        SecureFile.Write(directory.Datastore, JsonSerializer.SerializeToUtf8Bytes(this, DatastoreJson.Default.DatastoreFile));

    /// <summary>The settings with the place that the state was moved to.</summary>
    /// <exception cref="LifecycleException">Flags name another place.</exception>
    public static StoreSettings Resolve(InstanceDirectory directory, StoreSettings given)
    {
        if (Read(directory) is not { } moved)
            return given;
        var named = given.EtcdServers.Select(u => u.GetLeftPart(UriPartial.Authority)).Order(StringComparer.Ordinal);
        if (moved.Kind == Sqlite)
        {
            return given.EtcdServers.Count == 0 ? given : throw new LifecycleException(
                $"--etcd-servers names etcd, but the state of this cluster was moved from there to {directory.Database}; leave the flag out, or move it back with coxswain datastore migrate");
        }

        var servers = moved.Servers.Select(s => new Uri(s)).ToList();
        if (given.EtcdServers.Count > 0 && !named.SequenceEqual(servers.Select(u => u.GetLeftPart(UriPartial.Authority)).Order(StringComparer.Ordinal)))
        {
            throw new LifecycleException(
                $"--etcd-servers names other members than those that the state of this cluster was moved to ({string.Join(',', moved.Servers)}); if they are of the same etcd cluster, remove {directory.Datastore}");
        }

        if (given.EtcdServers.Count > 0)
            return given;

        // Certificates that moved to other files are named by flags.
        given = given with { EtcdServers = servers, EtcdCaFile = given.EtcdCaFile.Length > 0 ? given.EtcdCaFile : moved.CaFile };
        return given.EtcdCertFile.Length > 0 ? given : given with { EtcdCertFile = moved.CertFile, EtcdKeyFile = moved.KeyFile };
    }
}

[JsonSerializable(typeof(DatastoreFile))]
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class DatastoreJson : JsonSerializerContext;
