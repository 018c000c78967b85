using System.Text;

namespace Coxswain.Node.Pods;

/// <summary>Kubernetes' <c>$(NAME)</c> in commands, arguments and values: <c>$$</c> is a dollar sign, an unknown name stays as written.</summary>
internal static class VariableExpansion
{
    public static string Expand(string input, Func<string, string?> lookup)
    {
        if (!input.Contains('$', StringComparison.Ordinal))
            return input;

        var output = new StringBuilder(input.Length);
        for (var i = 0; i < input.Length; i++)
        {
            if (input[i] != '$' || i + 1 == input.Length)
            {
                output.Append(input[i]);
                continue;
            }

            switch (input[i + 1])
            {
                case '$':
                    output.Append('$');
                    i++;
                    break;
                case '(' when input.IndexOf(')', i + 2) is var end and > 0:
                    var name = input[(i + 2)..end];
                    output.Append(lookup(name) ?? $"$({name})");
                    i = end;
                    break;
                default:
                    output.Append('$');
                    break;
            }
        }

        return output.ToString();
    }

    public static IReadOnlyList<string> ExpandAll(IEnumerable<string> inputs, Func<string, string?> lookup) =>
        [.. inputs.Select(input => Expand(input, lookup))];
}
