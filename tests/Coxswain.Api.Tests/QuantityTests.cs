using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Api.Tests;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("000", "0")]
    [InlineData("1", "1")]
    [InlineData("+1", "1")]
    [InlineData("-1", "-1")]
    [InlineData("1000m", "1")]
    [InlineData("500m", "500m")]
    [InlineData("0.5", "500m")]
    [InlineData(".5", "500m")]
    [InlineData("1.", "1")]
    [InlineData("1.5", "1500m")]
    [InlineData("1.2345", "1234500u")]
    [InlineData("1500m", "1500m")]
    [InlineData("1000", "1k")]
    [InlineData("1000k", "1M")]
    [InlineData("1024", "1024")]
    [InlineData("1Ki", "1Ki")]
    [InlineData("1024Mi", "1Gi")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("0.5Mi", "512Ki")]
    [InlineData("1000Ki", "1000Ki")]
    [InlineData("1023", "1023")]
    [InlineData("0.001Ki", "1024m")]
    [InlineData("128974848", "128974848")]
    [InlineData("129e6", "129e6")]
    [InlineData("129M", "129M")]
    [InlineData("1e3", "1e3")]
    [InlineData("1E3", "1e3")]
    [InlineData("12e-3", "12e-3")]
    [InlineData("100n", "100n")]
    [InlineData("0.1n", "1n")]
    [InlineData("-0.1n", "-1n")]
    [InlineData("0.9n", "1n")]
    [InlineData("8Ei", "9223372036854775807")]
    [InlineData("7Ei", "7Ei")]
    [InlineData("18446744073709551616", "18446744073709551616")]
    [InlineData("1000E", "1e21")]
    [InlineData("1e21", "1e21")]
    [InlineData("5E", "5E")]
    [InlineData("-5Gi", "-5Gi")]
    [InlineData("4096Ei", "9223372036854775807")]
    public void The_text_is_put_in_canonical_form(string text, string canonical) => Assert.Equal(canonical, Quantity.Parse(text).ToString());

    [Theory]
    [InlineData("", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("abc", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("1 Gi", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("1.2.3", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("1Gb", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("1mm", "unable to parse quantity's suffix")]
    [InlineData("1ki", "unable to parse quantity's suffix")]
    [InlineData("1i", "unable to parse quantity's suffix")]
    [InlineData("1K", "unable to parse quantity's suffix")]
    [InlineData("1e", "unable to parse quantity's suffix")]
    public void A_text_that_is_none_is_refused_in_upstreams_words(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => Quantity.Parse(text)).Message);

    [Theory]
    [InlineData("1", 1, 1000)]
    [InlineData("1m", 1, 1)]
    [InlineData("1500m", 2, 1500)]
    [InlineData("-1500m", -2, -1500)]
    [InlineData("1u", 1, 1)]
    [InlineData("2Ki", 2048, 2048000)]
    [InlineData("8Ei", long.MaxValue, long.MaxValue)]
    public void Whole_and_milli_values_round_away_from_zero_and_stay_in_bounds(string text, long value, long milli)
    {
        var quantity = Quantity.Parse(text);
        Assert.Equal(value, quantity.Value);
        Assert.Equal(milli, quantity.MilliValue);
    }

    [Fact]
    public void Equality_and_order_are_of_the_value_not_of_the_text()
    {
        Assert.Equal(Quantity.Parse("1"), Quantity.Parse("1000m"));
        Assert.Equal(Quantity.Parse("1Gi").GetHashCode(), Quantity.Parse("1073741824").GetHashCode());
        Assert.True(Quantity.Parse("1Gi") > Quantity.Parse("1G"));
        Assert.True(Quantity.Parse("999m") < Quantity.Parse("1"));
    }

    [Fact]
    public void Sums_keep_the_format_of_the_first_that_is_not_zero()
    {
        Assert.Equal("3Gi", (Quantity.Zero + Quantity.Parse("1Gi") + Quantity.Parse("2Gi")).ToString());
        Assert.Equal("750m", (Quantity.Parse("1") - Quantity.Parse("250m")).ToString());
        Assert.Equal("3", (Quantity.Parse("1500m") * 2).ToString());
    }

    [Fact]
    public void A_text_of_a_million_digits_is_read_in_one_pass()
    {
        Assert.True(Quantity.TryParse(new string('9', 1_000_000), out var huge));
        Assert.True(huge > Quantity.Parse("1E"));
        Assert.True(Quantity.TryParse("0." + new string('0', 1_000_000) + "1", out var tiny));
        Assert.Equal("1n", tiny.ToString());
        Assert.True(Quantity.TryParse("1e2000000000", out _));
        Assert.True(Quantity.TryParse("1e-2000000000", out var least));
        Assert.Equal("1e-9", least.ToString());
    }

    [Fact]
    public void Any_value_survives_being_written_and_read() => Prop.ForAll<long, int>((value, format) =>
    {
        var quantity = Quantity.FromMilliValue(value, (QuantityFormat)Math.Abs(format % 3));
        return Quantity.Parse(quantity.ToString()) == quantity && Quantity.Parse(quantity.ToString()).ToString() == quantity.ToString();
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_text_is_read_or_refused_and_what_was_read_is_canonical() => Prop.ForAll(
        Gen.Elements("+-.0123456789eEinumkKMGTP x".ToCharArray()).ListOf().Select(list => string.Concat(list)).ToArbitrary(),
        text => !Quantity.TryParse(text, out var quantity) || Quantity.Parse(quantity.ToString()) == quantity)
        .QuickCheckThrowOnFailure();

    [Fact]
    public void The_bytes_are_those_of_the_text()
    {
        Span<byte> buffer = stackalloc byte[Quantity.MaxTextLength];
        Assert.True(Quantity.Parse("1536Mi").TryFormat(buffer, out var written));
        Assert.Equal("1536Mi", Encoding.ASCII.GetString(buffer[..written]));
        Assert.False(Quantity.Parse("1536Mi").TryFormat(buffer[..3], out _));
    }
}
