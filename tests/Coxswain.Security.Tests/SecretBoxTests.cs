using System.Security.Cryptography;
using System.Text;

namespace Coxswain.Security.Tests;

/// <summary>XSalsa20-Poly1305 does what its authors and RFC 8439 say it does.</summary>
public sealed class SecretBoxTests
{
    // NaCl, tests/secretbox.c and tests/secretbox3.cpp; libsodium, test/default/secretbox.c.
    private const string Key = "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389";
    private const string Nonce = "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37";
    private const string Message =
        "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31"
        + "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864"
        + "5e0705";
    private const string Box =
        "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972"
        + "71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3"
        + "7973f622a43d14a6599b1f654cb45a74e355a5";

    private static byte[] Hex(string text) => Convert.FromHexString(text);

    [Fact]
    public void The_published_message_gives_the_published_box_and_back()
    {
        Assert.Equal(Box, Convert.ToHexStringLower(SecretBox.Seal(Hex(Message), Hex(Nonce), Hex(Key))));
        Assert.Equal(Message, Convert.ToHexStringLower(SecretBox.Open(Hex(Box), Hex(Nonce), Hex(Key))!));
    }

    /// <summary>NaCl, tests/core1.c: the first key that is derived from a shared secret.</summary>
    [Fact]
    public void The_derived_key_is_the_published_one()
    {
        var derived = new byte[32];
        SecretBox.HSalsa20(Hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"), new byte[16], derived);
        Assert.Equal(Key, Convert.ToHexStringLower(derived));
    }

    /// <summary>RFC 8439, 2.5.2 and appendix A.3, among them the cases that carries are lost in.</summary>
    [Theory]
    [InlineData("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b", "43727970746f6772617068696320466f72756d2052657365617263682047726f7570", "a8061dc1305136c6c22b8baf0c0127a9")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "00000000000000000000000000000000", "00000000000000000000000000000000")]
    [InlineData("0200000000000000000000000000000000000000000000000000000000000000", "ffffffffffffffffffffffffffffffff", "03000000000000000000000000000000")]
    [InlineData("02000000000000000000000000000000ffffffffffffffffffffffffffffffff", "02000000000000000000000000000000", "03000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000", "fffffffffffffffffffffffffffffffff0ffffffffffffffffffffffffffffff11000000000000000000000000000000", "05000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000", "fffffffffffffffffffffffffffffffffbfefefefefefefefefefefefefefefe01010101010101010101010101010101", "00000000000000000000000000000000")]
    [InlineData("0200000000000000000000000000000000000000000000000000000000000000", "fdffffffffffffffffffffffffffffff", "faffffffffffffffffffffffffffffff")]
    [InlineData("0100000000000000040000000000000000000000000000000000000000000000", "e33594d7505e43b900000000000000003394d7505e4379cd01000000000000000000000000000000000000000000000001000000000000000000000000000000", "14000000000000005500000000000000")]
    [InlineData("0100000000000000040000000000000000000000000000000000000000000000", "e33594d7505e43b900000000000000003394d7505e4379cd010000000000000000000000000000000000000000000000", "13000000000000000000000000000000")]
    public void Tags_are_those_of_the_rfc(string key, string message, string tag)
    {
        var computed = new byte[16];
        Poly1305.Tag(Hex(message), Hex(key), computed);
        Assert.Equal(tag, Convert.ToHexStringLower(computed));
    }

    /// <summary>The whole numbers that the limbs stand for say the same of random messages of all lengths.</summary>
    [Fact]
    public void Tags_are_what_plain_arithmetic_gives()
    {
        var random = new Random(1305);
        for (var length = 0; length < 200; length++)
        {
            var (key, message, tag) = (new byte[32], new byte[length], new byte[16]);
            random.NextBytes(key);
            random.NextBytes(message);
            if (length % 3 == 0)
                message.AsSpan().Fill(0xff);
            Poly1305.Tag(message, key, tag);
            Assert.Equal(Convert.ToHexStringLower(Plain(message, key)), Convert.ToHexStringLower(tag));
        }
    }

    [Fact]
    public void A_box_opens_for_its_key_nonce_and_content_only()
    {
        var (key, nonce) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(24));
        for (var length = 0; length < 300; length += 13)
        {
            var message = RandomNumberGenerator.GetBytes(length);
            var box = SecretBox.Seal(message, nonce, key);
            Assert.Equal(message, SecretBox.Open(box, nonce, key));
            for (var i = 0; i < box.Length; i += 7)
            {
                box[i] ^= 1;
                Assert.Null(SecretBox.Open(box, nonce, key));
                box[i] ^= 1;
            }

            Assert.Null(SecretBox.Open(box, RandomNumberGenerator.GetBytes(24), key));
            Assert.Null(SecretBox.Open(box, nonce, RandomNumberGenerator.GetBytes(32)));
            Assert.Null(SecretBox.Open(box.AsSpan(0, box.Length - 1), nonce, key));
        }

        Assert.Null(SecretBox.Open(Encoding.ASCII.GetBytes("short"), nonce, key));
    }

    private static byte[] Plain(byte[] message, byte[] key)
    {
        var clamp = new System.Numerics.BigInteger(Hex("ffffff0ffcffff0ffcffff0ffcffff0f"), isUnsigned: true);
        var r = new System.Numerics.BigInteger(key.AsSpan(0, 16), isUnsigned: true) & clamp;
        var p = (System.Numerics.BigInteger.One << 130) - 5;
        var sum = System.Numerics.BigInteger.Zero;
        for (var at = 0; at < message.Length; at += 16)
        {
            byte[] block = [.. message.AsSpan(at, Math.Min(16, message.Length - at)), 1];
            sum = (sum + new System.Numerics.BigInteger(block, isUnsigned: true)) * r % p;
        }

        sum += new System.Numerics.BigInteger(key.AsSpan(16, 16), isUnsigned: true);
        var tag = new byte[16];
        var bytes = (sum & ((System.Numerics.BigInteger.One << 128) - 1)).ToByteArray(isUnsigned: true);
        bytes.CopyTo(tag, 0);
        return tag;
    }
}
