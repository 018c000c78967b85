namespace Coxswain.Cel.Tests;

public class ExpressionTests
{
    private static readonly CelEnvironment Environment = CelEnvironment.Standard.With(new Dictionary<string, CelType>
    {
        ["x"] = CelType.Dyn,
        ["n"] = CelType.Int,
        ["names"] = CelType.List(CelType.String),
    });

    internal static CelValue Evaluate(string expression) => Environment.Compile(expression).Evaluate(name => name switch
    {
        "x" => CelValue.Of(CelMap.Of(new Dictionary<string, CelValue> { ["a"] = CelValue.Of(1L), ["b"] = CelValue.Of("text") })),
        "n" => CelValue.Of(7L),
        _ => CelValue.Of(CelList.Of(["web", "db", "cache"])),
    });

    [Theory]
    // Literals and operators.
    [InlineData("1 + 2 * 3 == 7")]
    [InlineData("(1 + 2) * 3 == 9")]
    [InlineData("-9223372036854775808 < 0")]
    [InlineData("0x1F == 31 && 7u == 7u && 1.5e3 == 1500.0")]
    [InlineData("7 / 2 == 3 && -7 / 2 == -3 && -7 % 3 == -1")]
    [InlineData("1 < 2.5 && 2u > 1 && 1 <= 1u")]
    [InlineData("'a\\u00e9\\n' == \"aé\\n\" && r'\\d' == '\\\\d' && b'\\x00a'.size() == 2")]
    [InlineData("'''it's''' == \"it's\"")]
    [InlineData("!!true && !false")]
    [InlineData("true ? 'yes' == 'yes' : false")]
    [InlineData("[1, 2] + [3] == [1, 2, 3] && {'a': 1}.a == 1 && {1: 'x'}[1] == 'x'")]
    [InlineData("'b' in ['a', 'b'] && 'k' in {'k': 1} && !(3 in [1, 2])")]
    [InlineData("dyn(1) == 1.0 && dyn(1u) == 1 && dyn('1') != 1")]
    [InlineData("// a remark\n true")]
    // Errors that logic absorbs.
    [InlineData("true || 1 / 0 == 1")]
    [InlineData("1 / 0 == 1 || true")]
    [InlineData("!(1 / 0 == 1 && false)")]
    [InlineData("[0, 2].exists(i, 4 / i == 2)")]
    [InlineData("![0, 2].all(i, 4 / i == 3)")]
    // Fields and macros.
    [InlineData("has(x.a) && !has(x.c) && x.b == 'text' && x['a'] == 1")]
    [InlineData("names.all(s, s.size() > 1) && names.exists(s, s == 'db') && names.exists_one(s, s.startsWith('w'))")]
    [InlineData("names.filter(s, s.contains('b')) == ['web', 'db'] && names.map(s, size(s)) == [3, 2, 5]")]
    [InlineData("names.map(s, s != 'db', s.upperAscii()) == ['WEB', 'CACHE']")]
    [InlineData("{'a': 1, 'b': 2}.all(k, k in ['a', 'b']) && [1, 2].all(i, v, i + 1 == v)")]
    [InlineData("{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && [1, 2].transformList(i, v, i * v) == [0, 2]")]
    [InlineData("cel.bind(two, 1 + 1, two * two) == 4")]
    [InlineData("names.exists(n, n == 'web')")]
    // Conversions and types.
    [InlineData("int('42') == 42 && string(42) == '42' && double('1.5') == 1.5 && uint(3) == 3u && bool('true')")]
    [InlineData("string(1000000.0) == '1e+06' && string(1.5) == '1.5' && string(0.00001) == '1e-05' && string(100.0) == '100'")]
    [InlineData("type(1) == int && type('') == string && type([]) == list && type(type(1)) == type && type(null) == null_type")]
    [InlineData("string(b'abc') == 'abc' && bytes('abc') == b'abc'")]
    // Times.
    [InlineData("timestamp('2024-02-29T12:30:00Z') + duration('24h') == timestamp('2024-03-01T12:30:00Z')")]
    [InlineData("timestamp('2024-02-29T12:30:00Z').getDate() == 29 && timestamp('2024-02-29T12:30:00Z').getDayOfMonth() == 28")]
    [InlineData("timestamp('2024-02-29T23:30:00Z').getHours('+01:00') == 0 && timestamp('2024-02-29T23:30:00Z').getMonth() == 1")]
    [InlineData("duration('1h30m').getMinutes() == 90 && string(duration('1.5s')) == '1.5s' && duration('90m') == duration('1h30m')")]
    // Texts.
    [InlineData("'tacocat'.charAt(3) == 'o' && 'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3 && 'x'.indexOf('y') == -1")]
    [InlineData("'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && ['a', 'b'].join('-') == 'a-b'")]
    [InlineData("'hello hello'.replace('he', 'we') == 'wello wello' && 'hello hello'.replace('he', 'we', 1) == 'wello hello'")]
    [InlineData("'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && '  a '.trim() == 'a' && 'abc'.reverse() == 'cba'")]
    [InlineData("size('𝔘nicode') == 7 && '𝔘n'.charAt(1) == 'n'")]
    [InlineData("'%s has %d, %.2f, %x'.format(['web', 3, 1.0 / 3.0, 255]) == 'web has 3, 0.33, ff'")]
    [InlineData("'abc123'.matches('^[a-z]+[0-9]+$') && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.find('[0-9]+') == '1'")]
    // Lists and sets.
    [InlineData("[1, 2, 3].isSorted() && [1, 2, 3].sum() == 6 && [3, 1].min() == 1 && [3, 1].max() == 3 && ['a', 'b', 'a'].lastIndexOf('a') == 2")]
    [InlineData("sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && sets.intersects([1], [1, 2]) && !sets.contains([1], [2])")]
    // Optionals.
    [InlineData("x.?c.orValue('none') == 'none' && x.?a.hasValue() && optional.of(1).value() == 1 && !optional.none().hasValue()")]
    [InlineData("{?'a': optional.none(), 'b': 1} == {'b': 1} && [?optional.of(1), ?optional.none()] == [1] && [1][?3].orValue(9) == 9")]
    [InlineData("optional.of(2).optMap(v, v * 2).value() == 4 && x.?c.?d.or(optional.of(1)).value() == 1")]
    public void Expressions_hold(string expression)
    {
        Assert.Equal(CelValue.True, Evaluate(expression));
    }

    [Theory]
    [InlineData("x.missing == 1", "no such key: missing")]
    [InlineData("x['missing'] == 1", "no such key: missing")]
    [InlineData("names[3] == ''", "index out of bounds: 3")]
    [InlineData("n / 0 == 1", "division by zero")]
    [InlineData("n % 0 == 1", "modulus by zero")]
    [InlineData("9223372036854775807 + n == 0", "integer overflow")]
    [InlineData("1u - 2u == 0u", "unsigned integer overflow")]
    [InlineData("x.a + x.b == 1", "no such overload")]
    [InlineData("x.a ? true : false", "no such overload")]
    [InlineData("int('seven') == 7", "type conversion error from 'string' to 'int'")]
    [InlineData("'a'.charAt(2) == ''", "index out of range: 2")]
    [InlineData("optional.none().value() == 1", "optional.none() dereference")]
    [InlineData("[].min() == 1", "min called on empty list")]
    [InlineData("{'a': 1, 'a': 2} == {}", "insert failed: key a already exists")]
    [InlineData("'x'.matches('(') || false", "error parsing regexp: missing closing ): `(`")]
    public void A_failed_evaluation_says_why(string expression, string message)
    {
        var value = Evaluate(expression);
        Assert.True(value.IsError, value.ToString());
        Assert.Equal(message, value.AsError);
    }

    [Theory]
    [InlineData("foo == 1", "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo == 1\n | ^")]
    [InlineData("1 + 'a' == 2", "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a' == 2\n | ..^")]
    [InlineData("names.nothing() ", "ERROR: <input>:1:14: undeclared reference to 'nothing' (in container '')\n | names.nothing() \n | .............^")]
    [InlineData("n.startsWith('a')", "ERROR: <input>:1:13: found no matching overload for 'startsWith' applied to 'int.(string)'\n | n.startsWith('a')\n | ............^")]
    [InlineData("n.field", "ERROR: <input>:1:2: type 'int' does not support field selection\n | n.field\n | .^")]
    [InlineData("n == 'a'", "ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, string)'\n | n == 'a'\n | ..^")]
    [InlineData("has(n)", "ERROR: <input>:1:5: invalid argument to has() macro\n | has(n)\n | ....^")]
    [InlineData("n.all(i, true)", "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | n.all(i, true)\n | ^")]
    [InlineData("n +", "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting an expression\n | n +\n | ...^")]
    [InlineData("true &&\n  bar", "ERROR: <input>:2:3: undeclared reference to 'bar' (in container '')\n |   bar\n | ..^")]
    [InlineData("for == 1", "ERROR: <input>:1:1: reserved identifier: for\n | for == 1\n | ^")]
    public void A_wrong_expression_is_refused_with_its_place(string expression, string message)
    {
        var thrown = Assert.Throws<Syntax.CelCompileException>(() => Environment.Compile(expression));
        Assert.Equal(message, thrown.Message);
    }

    [Fact]
    public void An_evaluation_that_costs_too_much_ends()
    {
        var program = Environment.Compile("[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, a + b + c > 0)))");
        Assert.Equal("operation cancelled: actual cost limit exceeded", program.Evaluate(_ => default, 1_000).AsError);
        Assert.Equal(CelValue.True, program.Evaluate(_ => default, 100_000));
    }

    [Fact]
    public void Deep_nesting_is_refused_before_it_can_exhaust_the_stack()
    {
        Assert.Throws<Syntax.CelCompileException>(() => Environment.Compile(new string('(', 100_000)));
        Assert.Throws<Syntax.CelCompileException>(() => Environment.Compile(string.Join("+", Enumerable.Repeat("1", 100_000))));
        Assert.Throws<Syntax.CelCompileException>(() => Environment.Compile(string.Concat(Enumerable.Repeat("[", 50_000))));
        Assert.Throws<Syntax.CelCompileException>(() => Environment.Compile(new string('!', 100_000) + "true" + string.Concat(Enumerable.Repeat(".a", 100_000))));
    }
}
