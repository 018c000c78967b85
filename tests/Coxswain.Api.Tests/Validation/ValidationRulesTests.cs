using Coxswain.Api.Validation;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Api.Tests.Validation;

public sealed class ValidationRulesTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("a-b9", true)]
    [InlineData("0", true)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData("A", false)]
    [InlineData("a.b", false)]
    public void A_dns_label_is_lower_case_letters_digits_and_inner_dashes(string value, bool valid) =>
        Assert.Equal(valid, ValidationRules.Dns1123Label(value).Count == 0);

    [Theory]
    [InlineData("a.b", true)]
    [InlineData("a..b", false)]
    [InlineData(".a", false)]
    [InlineData("a.", false)]
    [InlineData("a_b", false)]
    public void A_dns_subdomain_is_labels_joined_by_dots(string value, bool valid) =>
        Assert.Equal(valid, ValidationRules.Dns1123Subdomain(value).Count == 0);

    [Fact]
    public void Messages_are_upstreams()
    {
        Assert.Equal(
            ["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"],
            ValidationRules.Dns1123Label("A"));
        Assert.Equal(["must be no more than 63 characters"], ValidationRules.Dns1123Label(new string('a', 64)));
        Assert.Equal(
            ["name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"],
            ValidationRules.QualifiedName("-bad"));
        Assert.Equal(
            ["prefix part must be non-empty", "name part must be non-empty", "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"],
            ValidationRules.QualifiedName("/"));
        Assert.Equal(["must be between 1 and 65535, inclusive"], ValidationRules.PortNumber(0));
        Assert.Equal(["may not be '..'"], ValidationRules.PathSegmentName(".."));
        Assert.Equal(["must not start with '..'"], ValidationRules.ConfigMapKey("..a"));
    }

    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("10.0.0", false)]
    [InlineData("10.0.0.256", false)]
    [InlineData("1", false)]
    [InlineData("0x7f.0.0.1", false)]
    [InlineData("[::1]", false)]
    [InlineData("fe80::1%eth0", false)]
    [InlineData("", false)]
    public void An_address_is_four_numbers_or_plain_ipv6(string value, bool valid) =>
        Assert.Equal(valid, ValidationRules.IPAddressText(value).Count == 0);

    [Theory]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("2001:db8::/64", true)]
    [InlineData("10.0.0.0/33", false)]
    [InlineData("10.0.0.0", false)]
    [InlineData("10.0.0.0/-1", false)]
    [InlineData("/8", false)]
    public void A_cidr_has_a_prefix_that_fits_its_family(string value, bool valid) =>
        Assert.Equal(valid, ValidationRules.Cidr(value).Count == 0);

    [Theory]
    [InlineData("http", true)]
    [InlineData("1", false)]
    [InlineData("a--b", false)]
    [InlineData("-a", false)]
    [InlineData("abcdefghijklmnop", false)]
    public void A_port_name_has_a_letter_and_single_inner_dashes(string value, bool valid) =>
        Assert.Equal(valid, ValidationRules.PortName(value).Count == 0);

    [Fact]
    public void No_text_makes_a_rule_throw() => Prop.ForAll<NonNull<string>>(text =>
    {
        var value = text.Get;
        return new[]
        {
            ValidationRules.Dns1123Label(value), ValidationRules.Dns1123Subdomain(value), ValidationRules.Dns1035Label(value),
            ValidationRules.Dns1123SubdomainWithUnderscore(value), ValidationRules.WildcardDns1123Subdomain(value),
            ValidationRules.QualifiedName(value), ValidationRules.LabelValue(value), ValidationRules.PathSegmentName(value),
            ValidationRules.PortName(value), ValidationRules.CIdentifier(value), ValidationRules.EnvironmentVariableName(value),
            ValidationRules.ConfigMapKey(value), ValidationRules.HttpHeaderName(value), ValidationRules.Percent(value),
            ValidationRules.IPAddressText(value), ValidationRules.Cidr(value),
        }.All(messages => messages is not null);
    }).QuickCheckThrowOnFailure();
}
