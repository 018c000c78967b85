using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Cel.Tests;

public class FuzzTests
{
    private static readonly string[] Pieces =
    [
        "a", "x", "1", "2u", "1.5", "'t'", "b'\\xff'", "[", "]", "{", "}", "(", ")", ".", ",", ":", "?", "&&", "||", "!", "-", "+", "*", "/", "%",
        "==", "<", " in ", "has(", ".map(i, ", ".all(i, ", ".exists(i, ", "size(", ".matches(", "null", "true", "cel.bind(v, ", ".?", "[?",
        "optional.of(", "timestamp(", "duration(", "'\\u00e", "\"\"\"", "`q`", "type(", ".format([", "\n",
    ];

    private static readonly CelEnvironment Environment =
        CelEnvironment.Standard.With(new Dictionary<string, CelType> { ["x"] = CelType.Dyn, ["a"] = CelType.List(CelType.Int) });

    [Fact]
    public void Any_sequence_of_pieces_is_refused_or_evaluated() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(5_000),
        Prop.ForAll<byte[]>(choice => Run(string.Concat(choice.Select(octet => Pieces[octet % Pieces.Length])))));

    [Fact]
    public void Any_text_is_refused_or_evaluated() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(1_000), Prop.ForAll<string?>(text => Run(text ?? "")));

    [Fact]
    public void Any_pattern_is_refused_or_matched() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(1_000), Prop.ForAll<string?, string?>(Match));

    private static void Match(string? pattern, string? text)
    {
        if (Re2.TryParse(pattern ?? "", out var regex, out var error))
            Assert.InRange(regex.Count(text ?? ""), 0, int.MaxValue);
        else
            Assert.NotEmpty(error);
    }

    private static void Run(string expression)
    {
        try
        {
            var value = Environment.Compile(expression).Evaluate(name => name == "a" ? CelValue.Of(CelList.Of(CelValue.Of(1L))) : CelValue.Null, 10_000);
            Assert.NotNull(value.ToString());
        }
        catch (Syntax.CelCompileException e)
        {
            Assert.NotEmpty(e.Issues);
        }
    }
}
