namespace Coxswain.Api.Tests;

public sealed class IntOrStringTests
{
    [Theory]
    [InlineData("25%", 10, true, 3)]
    [InlineData("25%", 10, false, 2)]
    [InlineData("100%", 7, false, 7)]
    [InlineData("0%", 7, true, 0)]
    public void A_percentage_is_scaled_and_rounded_as_asked(string text, int total, bool up, int expected)
    {
        Assert.True(((IntOrString)text).TryScale(total, up, out var value));
        Assert.Equal(expected, value);
    }

    [Fact]
    public void A_number_stands_for_itself_and_a_name_scales_to_nothing()
    {
        Assert.True(((IntOrString)3).TryScale(10, true, out var value));
        Assert.Equal(3, value);
        Assert.False(((IntOrString)"http").TryScale(10, true, out _));
        Assert.False(((IntOrString)"%").TryScale(10, true, out _));
    }

    [Fact]
    public void A_number_and_its_text_are_different_values()
    {
        Assert.NotEqual<IntOrString>(80, "80");
        Assert.Equal<IntOrString>(80, IntOrString.Parse("80"));
        Assert.Equal("http", IntOrString.Parse("http").ToString());
        Assert.Equal("0", default(IntOrString).ToString());
    }
}
