using Coxswain.Testing.Etcd;

namespace Coxswain.Storage.Etcd.Tests;

internal static class Real
{
    /// <summary>Skips the test, with the reason, where an etcd of that version is not here.</summary>
    public static void Etcd(string version)
    {
        if (EtcdBinary.Missing(version) is { } reason)
            Assert.Skip(reason);
    }
}
