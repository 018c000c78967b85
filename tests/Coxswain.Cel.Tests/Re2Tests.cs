namespace Coxswain.Cel.Tests;

public class Re2Tests
{
    [Theory]
    [InlineData("^a$", "a", true)]
    [InlineData("^a$", "a\n", false)]
    [InlineData(@"^\d+$", "١", false)]
    [InlineData("^[[:alpha:]_]+$", "ab_", true)]
    [InlineData(@"^(?P<year>\d{4})$", "2024", true)]
    [InlineData(@"\pL", "é", true)]
    [InlineData(@"^\Qa.b\E$", "a.b", true)]
    [InlineData(@"^\Qa.b\E$", "axb", false)]
    [InlineData("^[]a]+$", "]a", true)]
    [InlineData("^[a[]+$", "[a", true)]
    [InlineData("(?i)ABC", "xabcx", true)]
    [InlineData(@"^\x{e9}$", "é", true)]
    public void Patterns_mean_what_RE2_means(string pattern, string text, bool matches)
    {
        Assert.True(Re2.TryParse(pattern, out var regex, out var error), error);
        Assert.Equal(matches, regex.IsMatch(text));
    }

    [Theory]
    [InlineData("(?=a)")]
    [InlineData(@"(a)\1")]
    [InlineData("a**")]
    [InlineData("[z-a]")]
    [InlineData(@"\y")]
    public void What_RE2_does_not_have_is_refused(string pattern)
    {
        Assert.False(Re2.TryParse(pattern, out _, out var error));
        Assert.StartsWith("error parsing regexp: ", error, StringComparison.Ordinal);
        Assert.EndsWith($": `{pattern}`", error, StringComparison.Ordinal);
    }
}
