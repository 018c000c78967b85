using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Tests.Expressions;

public class KubernetesLibraryTests
{
    [Theory]
    [InlineData("quantity('1Gi').isGreaterThan(quantity('500Mi')) && quantity('50k').add(20).sub(quantity('10')).asInteger() == 50010")]
    [InlineData("isQuantity('1.5Gi') && !isQuantity('many') && quantity('200M').compareTo(quantity('0.2G')) == 0 && quantity('-5').sign() == -1")]
    [InlineData("quantity('100m').asApproximateFloat() == 0.1 && !quantity('100m').isInteger() && quantity('1k') == quantity('1000')")]
    [InlineData("url('https://example.com:80/path?k=v&k=w').getHost() == 'example.com:80' && url('https://example.com/').getPort() == ''")]
    [InlineData("url('https://user@example.com:8080/a%20b?k=v').getHostname() == 'example.com' && url('https://[::1]:80/').getHostname() == '::1'")]
    [InlineData("url('/path?k=v&k=w').getQuery() == {'k': ['v', 'w']} && url('https://example.com/a b').getEscapedPath() == '/a%20b' && url('https://example.com').getEscapedPath() == ''")]
    [InlineData("isURL('https://example.com') && isURL('/absolute') && !isURL('relative/path') && !isURL('')")]
    [InlineData("ip('192.168.0.1').family() == 4 && ip('::1').isLoopback() && isIP('10.0.0.1') && !isIP('10.0.0.256') && ip('8.8.8.8').isGlobalUnicast()")]
    [InlineData("ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD') && string(ip('10.0.0.1')) == '10.0.0.1' && ip('2001:db8::1') == ip('2001:DB8::1')")]
    [InlineData("cidr('192.168.0.0/24').containsIP('192.168.0.7') && !cidr('192.168.0.0/24').containsIP(ip('10.0.0.1')) && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')")]
    [InlineData("cidr('192.168.1.5/24').masked() == cidr('192.168.1.0/24') && cidr('::1/128').prefixLength() == 128 && cidr('10.0.0.5/8').ip() == ip('10.0.0.5') && !isCIDR('10.0.0.0')")]
    [InlineData("!format.dns1123Label().validate('my-label').hasValue() && format.dns1123Label().validate('My_Label').hasValue() && format.named('uuid').hasValue() && !format.named('other').hasValue()")]
    [InlineData("semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-alpha.1').compareTo(semver('1.0.0-alpha.beta')) == -1 && semver('1.0.0').isGreaterThan(semver('1.0.0-rc.1'))")]
    [InlineData("isSemver('1.2.3-rc.1+build') && !isSemver('1.2') && semver('v01.2', true).major() == 1 && semver('1.2.3+a') == semver('1.2.3+b')")]
    public void The_libraries_of_Kubernetes_are_there(string expression)
    {
        Assert.Equal(CelValue.True, KubernetesLibrary.Environment.Compile(expression).Evaluate(_ => default));
    }

    [Theory]
    [InlineData("quantity('many') == quantity('1')", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("quantity('100m').asInteger() == 1", "cannot convert value to integer")]
    [InlineData("ip('nowhere').family() == 4", "IP Address \"nowhere\" parse error during conversion from string")]
    public void What_is_none_is_an_error(string expression, string message)
    {
        Assert.Equal(message, KubernetesLibrary.Environment.Compile(expression).Evaluate(_ => default).AsError);
    }
}
