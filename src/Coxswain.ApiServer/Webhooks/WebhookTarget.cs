using Coxswain.Api;

namespace Coxswain.ApiServer.Webhooks;

/// <summary>Where a webhook listens, and who vouches for it.</summary>
/// <param name="Address">As errors name it; for a service with the name that its certificate must bear.</param>
/// <param name="Service">Empty: the address is reached as it stands.</param>
/// <param name="CaBundle">PEM; empty: the authorities that this machine trusts.</param>
internal sealed record WebhookTarget(string Address, NamespacedName Service, int Port, ByteString CaBundle)
{
    public bool IsService => Service.Name is { Length: > 0 };

    public static WebhookTarget OfUrl(string url, ByteString caBundle) => new(url, default, 0, caBundle);

    public static WebhookTarget OfService(string @namespace, string name, int port, string path, ByteString caBundle) =>
        new($"https://{name}.{@namespace}.svc:{port}{(path.StartsWith('/') || path.Length == 0 ? path : "/" + path)}", new(@namespace, name), port, caBundle);
}

/// <summary>A webhook could not be asked, or gave no usable answer. The message says why, in the words of upstream's client.</summary>
internal sealed class WebhookCallException(string message, bool isClient = false) : Exception(message)
{
    /// <summary>It never came to a call.</summary>
    public bool IsClient { get; } = isClient;
}
