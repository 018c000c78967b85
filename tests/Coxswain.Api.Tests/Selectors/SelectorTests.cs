using Coxswain.Api.Meta.V1;
using Coxswain.Api.Selectors;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Api.Tests.Selectors;

public sealed class SelectorTests
{
    private static readonly ApiMap<string> Labels = ApiMap.ToApiMap<string>([new("app", "a"), new("tier", "2"), new("x.example/y", "z"), new("empty", "")]);

    [Theory]
    [InlineData("", true)]
    [InlineData("app=a", true)]
    [InlineData("app==a", true)]
    [InlineData("app!=a", false)]
    [InlineData("none!=a", true)]
    [InlineData("app", true)]
    [InlineData("!app", false)]
    [InlineData("!none", true)]
    [InlineData("app in (a,b)", true)]
    [InlineData("app in (b)", false)]
    [InlineData("app notin (b)", true)]
    [InlineData("app notin (a)", false)]
    [InlineData("none notin (a)", true)]
    [InlineData("tier>1", true)]
    [InlineData("tier>2", false)]
    [InlineData("tier<3,app", true)]
    [InlineData("app>1", false)]
    [InlineData("none<1", false)]
    [InlineData(" app = a ", true)]
    [InlineData("x.example/y in (z, w),app notin (q)", true)]
    [InlineData("empty=", true)]
    [InlineData("empty in ()", true)]
    [InlineData("empty in (,a)", true)]
    [InlineData("empty in (a,)", true)]
    [InlineData("app in (,)", false)]
    [InlineData("in in (in,notin)", false)]
    public void Labels_are_matched_by_every_operator(string text, bool matches) => Assert.Equal(matches, Selector.Parse(text).Matches(Labels));

    [Theory]
    [InlineData(",", "found ',', expected: !, identifier, or 'end of string'")]
    [InlineData("app in", "unable to parse requirement: found '' expected: '('")]
    [InlineData("app in (a", "unable to parse requirement: found '', expected: ',' or ')'")]
    [InlineData("app in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier")]
    [InlineData("app in (a,=", "unable to parse requirement: found '=', expected: ',', or identifier")]
    [InlineData("=a", "found '=', expected: !, identifier, or 'end of string'")]
    [InlineData("app===a", "unable to parse requirement: found '=', expected: identifier")]
    [InlineData("a b", "unable to parse requirement: found 'b', expected: '=', '!=', '==', 'in', notin'")]
    [InlineData("!app=a", "found '=', expected: ',' or 'end of string'")]
    [InlineData("app>x", "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer")]
    [InlineData("app=a,", "found '', expected: identifier after ','")]
    [InlineData("!", "unable to parse requirement: found '', expected: identifier")]
    [InlineData("app=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv",
        "unable to parse requirement: invalid label value: \"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\": at key: \"app\": must be no more than 63 characters")]
    [InlineData("-bad=x",
        "unable to parse requirement: invalid label key \"-bad\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    public void A_text_that_is_no_selector_is_refused_in_upstreams_words(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => Selector.Parse(text)).Message);

    [Fact]
    public void The_selector_of_an_object_matches_nothing_when_absent_and_everything_when_empty()
    {
        Assert.False(Selector.From(null).Matches(Labels));
        Assert.True(Selector.From(LabelSelector.Empty).Matches(Labels));
        Assert.True(Selector.From(LabelSelector.Empty).Matches(default));
    }

    [Fact]
    public void The_selector_of_an_object_asks_for_labels_and_expressions()
    {
        var selector = Selector.From(new()
        {
            MatchLabels = ApiMap.Of("app", "a"),
            MatchExpressions = [new() { Key = "tier", Operator = "In", Values = ["1", "2"] }, new() { Key = "none", Operator = "DoesNotExist" }],
        });
        Assert.True(selector.Matches(Labels));
        Assert.False(selector.Matches(ApiMap.Of("app", "a")));
        Assert.Equal("app=a,!none,tier in (1,2)", selector.ToString());
        Assert.Equal("\"Like\" is not a valid label selector operator",
            Assert.Throws<FormatException>(() => Selector.From(new() { MatchExpressions = [new() { Key = "a", Operator = "Like" }] })).Message);
    }

    [Fact]
    public void A_service_selector_asks_for_each_label()
    {
        Assert.True(Selector.FromLabels(ApiMap.Of("app", "a")).Matches(Labels));
        Assert.False(Selector.FromLabels(ApiMap.Of("app", "b")).Matches(Labels));
    }

    [Fact]
    public void Any_text_is_read_or_refused_and_what_was_read_means_the_same_when_written() => Prop.ForAll(
        Gen.Elements("ab1 ,=!()<>/-.in notin in (".ToCharArray()).ListOf().Select(list => string.Concat(list)).ToArbitrary(),
        text => !Selector.TryParse(text, out var selector, out _) || Selector.Parse(selector.ToString()).ToString() == selector.ToString())
        .QuickCheckThrowOnFailure();
}
