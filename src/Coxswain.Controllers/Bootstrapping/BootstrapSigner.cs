using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Signs the public word on how to reach the cluster (<c>cluster-info</c> in kube-public) with every token that may, so that who has
/// a token knows it to be true. It has one name only.</summary>
internal sealed class BootstrapSigner(IApiClient api, Lister<ConfigMap> maps, Lister<Secret> secrets, TimeProvider clock) : IReconciler
{
    private const string SignaturePrefix = "jws-kubeconfig-";
    private const string Content = "kubeconfig";

    private static readonly NamespacedName Name = new("kube-public", "cluster-info");

    public static IReconciler Make(ControllerContext c) => new BootstrapSigner(c.Api, Informer(c).Lister, TokenCleaner.Informer(c).Lister, c.Clock);

    public static Wake WhenEitherChanges { get; } = new(c =>
    {
        Informer(c).AddHandler(InformerHandler<ConfigMap>.ForAny(_ => c.Queue.Add(Name)));
        TokenCleaner.Informer(c).AddHandler(InformerHandler<Secret>.ForAny(_ => c.Queue.Add(Name)));
    });

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (maps.Find(Name) is not { } map || !map.Data.TryGetValue(Content, out var content))
            return ReconcileResult.Done;
        var now = clock.GetUtcNow();
        var wanted = map.Data.Where(d => !d.Key.StartsWith(SignaturePrefix, StringComparison.Ordinal)).ToApiMap();
        foreach (var token in secrets.All().Select(BootstrapToken.Of).OfType<BootstrapToken>())
        {
            if (token.MaySign && !(token.Expires <= now))
                wanted = wanted.With(SignaturePrefix + token.Id, Sign(content, token));
        }
        if (wanted != map.Data)
            await api.UpdateAsync(map with { Data = wanted }, cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    /// <summary>A detached JSON Web Signature (RFC 7515, appendix F) with the token's secret as key.</summary>
    internal static string Sign(string content, BootstrapToken token)
    {
        var header = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"HS256","kid":"{{token.Id}}"}"""));
        var payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(content));
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(token.Secret), Encoding.ASCII.GetBytes($"{header}.{payload}"));
        return $"{header}..{Base64Url.EncodeToString(signature)}";
    }

    private static Informer<ConfigMap> Informer(ControllerContext c) => c.Informers.Informer<ConfigMap>(ns: Name.Namespace, fieldSelector: "metadata.name=" + Name.Name);
}
