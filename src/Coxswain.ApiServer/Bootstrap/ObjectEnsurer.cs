using Coxswain.Api;
using Coxswain.Client;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>Makes an object what it should be, whatever it is now. Running it again changes nothing.</summary>
internal sealed class ObjectEnsurer(IApiClient api)
{
    private const int Attempts = 10;

    /// <param name="update">From what there is to what should be; null: it is right.</param>
    public async Task EnsureAsync<T>(T wanted, Func<T, T, T?> update, CancellationToken cancellation)
        where T : class, IResource<T>
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (await api.FindAsync<T>(NamespacedName.Of(wanted), cancellation) is not { } existing)
                    await api.CreateAsync(wanted, cancellation);
                else if (update(existing, wanted) is { } updated)
                    await api.UpdateAsync(updated, cancellation);
                return;
            }
            catch (ApiException e) when (e.Code is 409 or 404 && attempt < Attempts)
            {
                // Somebody else (perhaps another server that starts) was faster: look again.
            }
        }
    }

    /// <summary>Creates the object if it is missing; what people made of it stays.</summary>
    public Task EnsureExistsAsync<T>(T wanted, CancellationToken cancellation)
        where T : class, IResource<T> => EnsureAsync(wanted, static (_, _) => null, cancellation);
}
