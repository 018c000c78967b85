using System.Security.Cryptography;
using System.Text;
using Coxswain.ApiServer.Encryption;
using Coxswain.Security;

namespace Coxswain.ApiServer.Tests.Encryption;

/// <summary>Values have upstream's form, byte for byte, and only the right key at the right place opens them.</summary>
public sealed class TransformerTests
{
    private const string At = "/registry/secrets/default/a";
    private static readonly byte[] One = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly byte[] Two = [.. Enumerable.Range(100, 32).Select(i => (byte)i)];
    private static readonly byte[] Value = Encoding.UTF8.GetBytes("""{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"},"data":{"p":"dGhlIHBhc3N3b3Jk"}}""");

    private static TransformerTable Table(params string[] providers) => TransformerTable.Create(
        EncryptionConfigurationReader.Read(Encoding.UTF8.GetBytes(
            $"apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: [{{resources: [secrets], providers: [{string.Join(", ", providers)}]}}]")),
        new(TimeProvider.System));

    private static string Keys(string kind, params (string Name, byte[] Secret)[] keys) =>
        $"{{{kind}: {{keys: [{string.Join(", ", keys.Select(k => $"{{name: {k.Name}, secret: {Convert.ToBase64String(k.Secret)}}}"))}]}}}}";

    /// <summary>Made step by step from upstream's description, without the code under test.</summary>
    private static byte[] Upstream(string kind, string name, byte[] secret, byte[] value, string at)
    {
        var prefix = Encoding.ASCII.GetBytes($"k8s:enc:{kind}:v1:{name}:");
        switch (kind)
        {
            case "aescbc":
                var vector = RandomNumberGenerator.GetBytes(16);
                using (var aes = Aes.Create())
                {
                    aes.Key = secret;
                    return [.. prefix, .. vector, .. aes.EncryptCbc(value, vector, PaddingMode.PKCS7)];
                }

            case "aesgcm":
                var nonce = RandomNumberGenerator.GetBytes(12);
                var (text, tag) = (new byte[value.Length], new byte[16]);
                using (var gcm = new AesGcm(secret, 16))
                    gcm.Encrypt(nonce, value, text, tag, Encoding.UTF8.GetBytes(at));
                return [.. prefix, .. nonce, .. text, .. tag];

            default:
                var long_ = RandomNumberGenerator.GetBytes(24);
                return [.. prefix, .. long_, .. SecretBox.Seal(value, long_, secret)];
        }
    }

    /// <summary>NIST SP 800-38A F.2.5 (CBC-AES256) with a block of padding, and McGrew's GCM test case 16.</summary>
    [Fact]
    public void Published_ciphertexts_are_read()
    {
        var key = Convert.FromHexString("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        var plain = Convert.FromHexString("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
        var cipher = Convert.FromHexString("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b");
        byte[] vector = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        using var aes = Aes.Create();
        aes.Key = key;
        var padding = aes.EncryptEcb([.. cipher[^16..].Select(b => (byte)(b ^ 16))], PaddingMode.None);
        var table = Table(Keys("aescbc", ("k", key)));
        Assert.Equal(plain, table.For(At).Read((byte[])[.. "k8s:enc:aescbc:v1:k:"u8, .. vector, .. cipher, .. padding], At).Value.ToArray());

        var gcmKey = Convert.FromHexString("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        var gcm = new AesGcmTransformer(gcmKey);
        var written = gcm.Write(Value, "k").ToArray();
        Assert.Equal(12 + Value.Length + 16, written.Length);
        Assert.Equal(Value, gcm.Read(written, "k").Value.ToArray());
        var error = Assert.Throws<TransformException>(() => gcm.Read(Convert.FromHexString("cafebabefacedbaddecaf888" + "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b"), "another key of the store"));
        Assert.Equal("cipher: message authentication failed", error.Message);
    }

    [Theory]
    [InlineData("aescbc")]
    [InlineData("aesgcm")]
    [InlineData("secretbox")]
    public void Values_of_upstream_are_read_and_ours_have_its_form(string kind)
    {
        var form = Table(Keys(kind, ("key1", One))).For(At);
        foreach (var length in (int[])[0, 1, 15, 16, 17, 31, 32, 33, 4000])
        {
            var value = RandomNumberGenerator.GetBytes(length);
            Assert.Equal((true, false), (form.Read(Upstream(kind, "key1", One, value, At), At) is var read && read.Value.Span.SequenceEqual(value), read.IsStale));
            var written = form.Write(value, At);
            Assert.StartsWith($"k8s:enc:{kind}:v1:key1:", Encoding.Latin1.GetString(written.Span), StringComparison.Ordinal);
            Assert.Equal(Upstream(kind, "key1", One, value, At).Length, written.Length);
            Assert.NotEqual(written.ToArray(), form.Write(value, At).ToArray());
            Assert.Equal(value, form.Read(written, At).Value.ToArray());
        }
    }

    [Theory]
    [InlineData("aesgcm", "cipher: message authentication failed")]
    [InlineData("secretbox", "output array was not large enough for encryption")]
    public void A_changed_value_is_refused(string kind, string message)
    {
        var form = Table(Keys(kind, ("key1", One))).For(At);
        var stored = form.Write(Value, At).ToArray();
        for (var i = $"k8s:enc:{kind}:v1:key1:".Length; i < stored.Length; i += 5)
        {
            stored[i] ^= 4;
            Assert.Equal(message, Assert.Throws<TransformException>(() => form.Read(stored, At)).Message);
            stored[i] ^= 4;
        }

        Assert.Equal(message, Assert.Throws<TransformException>(() => Table(Keys(kind, ("key1", Two))).For(At).Read(stored, At)).Message);
    }

    [Fact]
    public void A_value_that_was_moved_to_another_key_is_refused()
    {
        var form = Table(Keys("aesgcm", ("key1", One))).For(At);
        var stored = form.Write(Value, At);
        Assert.Throws<TransformException>(() => form.Read(stored, "/registry/secrets/default/b"));
    }

    [Fact]
    public void The_first_key_writes_all_read_and_what_another_wrote_is_stale()
    {
        var old = Table(Keys("aescbc", ("key1", One))).For(At);
        var rotated = Table(Keys("aescbc", ("key2", Two), ("key1", One)), Keys("secretbox", ("box", One)), "{identity: {}}").For(At);

        Assert.StartsWith("k8s:enc:aescbc:v1:key2:", Encoding.Latin1.GetString(rotated.Write(Value, At).Span), StringComparison.Ordinal);
        Assert.True(rotated.Read(old.Write(Value, At), At) is { IsStale: true } first && first.Value.Span.SequenceEqual(Value));
        Assert.True(rotated.Read(Table(Keys("secretbox", ("box", One))).For(At).Write(Value, At), At) is { IsStale: true } second && second.Value.Span.SequenceEqual(Value));
        Assert.True(rotated.Read(Value, At) is { IsStale: true } plain && plain.Value.Span.SequenceEqual(Value));
        Assert.False(rotated.Read(rotated.Write(Value, At), At).IsStale);
    }

    [Fact]
    public void Identity_in_front_ends_encryption_and_still_reads_what_is_encrypted()
    {
        var encrypted = Table(Keys("secretbox", ("box", One))).For(At).Write(Value, At);
        var ending = Table("{identity: {}}", Keys("secretbox", ("box", One))).For(At);

        Assert.Equal(Value, ending.Write(Value, At).ToArray());
        Assert.True(ending.Read(encrypted, At).IsStale);
        Assert.False(ending.Read(Value, At).IsStale);
    }

    [Fact]
    public void Two_providers_of_one_kind_are_both_tried()
    {
        var form = Table(Keys("aesgcm", ("k2", Two)), Keys("aesgcm", ("k1", One))).For(At);
        Assert.Equal(Value, form.Read(Upstream("aesgcm", "k1", One, Value, At), At).Value.ToArray());
    }

    [Fact]
    public void What_none_of_the_forms_fits_is_told_in_upstreams_words()
    {
        var form = Table(Keys("aescbc", ("key1", One))).For(At);
        Assert.Equal("no matching prefix found", Assert.Throws<TransformException>(() => form.Read(Value, At)).Message);
        Assert.Equal("no matching key was found for the provided AES transformer",
            Assert.Throws<TransformException>(() => form.Read(Upstream("aescbc", "other", One, Value, At), At)).Message);
        Assert.Equal("identity transformer tried to read encrypted data",
            Assert.Throws<TransformException>(() => IdentityTransformer.Instance.Read(Upstream("aescbc", "key1", One, Value, At), At)).Message);
    }

    /// <summary>Whatever lies in the store: it is read or refused.</summary>
    [Theory]
    [InlineData("aescbc")]
    [InlineData("aesgcm")]
    [InlineData("secretbox")]
    public void Mutilated_values_do_no_harm(string kind)
    {
        var form = Table(Keys(kind, ("key1", One)), "{identity: {}}").For(At);
        var good = form.Write(Value, At).ToArray();
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = good[..random.Next(good.Length + 1)];
            for (var changes = random.Next(3); changes > 0 && bytes.Length > 0; changes--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                form.Read(bytes, At);
            }
            catch (TransformException error)
            {
                Assert.NotEmpty(error.Message);
            }
        }
    }
}
