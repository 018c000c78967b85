namespace Coxswain.Storage.Etcd.Tests;

public sealed class EtcdStoreOptionsTests
{
    [Fact]
    public void Without_certificates_the_machines_own_authorities_are_trusted()
    {
        var options = new EtcdStoreOptions { Endpoints = [new("https://127.0.0.1:2379")] };
        Assert.Empty(options.CaFile);
        Assert.Empty(options.KeyFile);
    }
}
