using Coxswain.Api.Selectors;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Api.Tests.Selectors;

public sealed class FieldSelectorTests
{
    private static string? Field(string name) => name switch { "metadata.name" => "p1", "spec.nodeName" => "", "odd" => "a,b=c\\", _ => null };

    [Theory]
    [InlineData("", true)]
    [InlineData("metadata.name=p1", true)]
    [InlineData("metadata.name==p1", true)]
    [InlineData("metadata.name!=p1", false)]
    [InlineData("metadata.name!=p2,spec.nodeName=", true)]
    [InlineData("metadata.name=p1,metadata.name=p2", false)]
    [InlineData("absent=", true)]
    [InlineData(@"odd=a\,b\=c\\", true)]
    [InlineData(",metadata.name=p1,", true)]
    public void Fields_are_compared_as_texts(string text, bool matches) => Assert.Equal(matches, FieldSelector.Parse(text).Matches(Field));

    [Theory]
    [InlineData("bad", "invalid selector: 'bad'; can't understand 'bad'")]
    [InlineData("metadata.name in (a)", "invalid selector: 'metadata.name in (a)'; can't understand 'metadata.name in (a)'")]
    [InlineData("a=b=c", "invalid field selector: unescaped character in value: 61")]
    [InlineData(@"a=\x", @"invalid field selector: invalid escape sequence: \x")]
    [InlineData(@"a=\", @"invalid field selector: invalid escape sequence: \")]
    public void A_text_that_is_no_selector_is_refused_in_upstreams_words(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => FieldSelector.Parse(text)).Message);

    [Fact]
    public void The_one_value_that_a_field_may_have_is_found()
    {
        Assert.True(FieldSelector.Parse("metadata.name=x,a!=b").TryGetRequired("metadata.name", out var value));
        Assert.Equal("x", value);
        Assert.False(FieldSelector.Parse("a!=b").TryGetRequired("a", out _));
    }

    [Fact]
    public void Any_text_is_read_or_refused_and_any_value_survives_being_written() => Prop.ForAll<NonNull<string>>(text =>
        (!FieldSelector.TryParse(text.Get, out var selector, out _) || FieldSelector.Parse(selector.ToString()).Terms.Count == selector.Terms.Count)
        && FieldSelector.Parse("f=" + FieldSelector.Escape(text.Get)).Matches(_ => text.Get)).QuickCheckThrowOnFailure();
}
