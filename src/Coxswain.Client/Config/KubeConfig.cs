using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Coxswain.Client;

/// <summary>Reads kubeconfig files.</summary>
/// <remarks>Understood are data and file references of certificates and keys, tokens, token files and passwords. Programs that hand out
/// credentials (<c>exec</c>, <c>auth-provider</c>) are not run; a user who needs one is refused with a sentence that says so.</remarks>
public static class KubeConfig
{
    /// <summary>Reads the context of a file; the current one if <paramref name="context"/> is empty.</summary>
    /// <exception cref="KubeConfigException">The file is not there, is no kubeconfig, or lacks what its context names.</exception>
    public static ClientConfig Load(string path, string context = "")
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException($"cannot read kubeconfig {path}: {error.Message}", error);
        }
        return Parse(text, Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/", context);
    }

    /// <summary>As <see cref="Load"/>, of a text; relative file references start from <paramref name="folder"/>.</summary>
    public static ClientConfig Parse(string text, string folder, string context = "")
    {
        var root = Read(text);
        var name = context.Length > 0 ? context : Text(root, "current-context");
        if (name.Length == 0)
            throw new KubeConfigException("kubeconfig: no context is named and there is no current-context");
        var chosen = Named(root, "contexts", "context", name);
        var cluster = Named(root, "clusters", "cluster", Text(chosen, "cluster"));
        var user = Text(chosen, "user") is { Length: > 0 } userName ? Named(root, "users", "user", userName) : new YamlMappingNode();
        if (Child(user, "exec") is not null || Child(user, "auth-provider") is not null)
            throw new KubeConfigException($"kubeconfig: user \"{Text(chosen, "user")}\" gets its credentials from a program, which is not supported");
        if (!Uri.TryCreate(Text(cluster, "server"), UriKind.Absolute, out var server) || server.Scheme is not ("https" or "http"))
            throw new KubeConfigException($"kubeconfig: cluster \"{Text(chosen, "cluster")}\" has no usable server address: \"{Text(cluster, "server")}\"");
        return new()
        {
            Server = server,
            AuthorityPem = DataOrFile(cluster, "certificate-authority", folder),
            TlsServerName = Text(cluster, "tls-server-name"),
            InsecureSkipTlsVerify = Text(cluster, "insecure-skip-tls-verify") == "true",
            Certificate = Certificate(DataOrFile(user, "client-certificate", folder), DataOrFile(user, "client-key", folder)),
            Token = Text(user, "token"),
            TokenFile = Text(user, "tokenFile") is { Length: > 0 } file ? Path.Combine(folder, file) : "",
            Username = Text(user, "username"),
            Password = Text(user, "password"),
            ImpersonateUser = Text(user, "as"),
            ImpersonateGroups = Child(user, "as-groups") is YamlSequenceNode groups ? [.. groups.OfType<YamlScalarNode>().Select(g => g.Value ?? "")] : [],
            Namespace = Text(chosen, "namespace"),
        };
    }

    private static YamlMappingNode Read(string text)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents is [{ RootNode: YamlMappingNode root }, ..]
                ? root
                : throw new KubeConfigException("kubeconfig: the file is empty or no mapping");
        }
        catch (YamlException error)
        {
            throw new KubeConfigException($"kubeconfig: no YAML: {error.Message}", error);
        }
    }

    private static YamlMappingNode Named(YamlMappingNode root, string list, string member, string name)
    {
        if (Child(root, list) is YamlSequenceNode items)
        {
            foreach (var item in items.OfType<YamlMappingNode>())
            {
                if (Text(item, "name") == name)
                    return Child(item, member) as YamlMappingNode ?? [];
            }
        }
        throw new KubeConfigException($"kubeconfig: {member} \"{name}\" does not exist");
    }

    private static YamlNode? Child(YamlMappingNode node, string key) => node.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    private static string Text(YamlMappingNode node, string key) => (Child(node, key) as YamlScalarNode)?.Value ?? "";

    private static string DataOrFile(YamlMappingNode node, string key, string folder)
    {
        try
        {
            if (Text(node, key + "-data") is { Length: > 0 } data)
                return Encoding.UTF8.GetString(Convert.FromBase64String(data));
            return Text(node, key) is { Length: > 0 } file ? File.ReadAllText(Path.Combine(folder, file)) : "";
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException($"kubeconfig: {key}: {error.Message}", error);
        }
    }

    private static X509Certificate2? Certificate(string certificatePem, string keyPem)
    {
        if (certificatePem.Length == 0)
            return null;
        try
        {
            return X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new KubeConfigException($"kubeconfig: the client certificate or its key cannot be read: {error.Message}", error);
        }
    }
}
