using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>A static class of constants for each named string type whose values are known.</summary>
internal static class ConstantsEmitter
{
    public static string Emit(string space, IEnumerable<NamedFact> named)
    {
        var code = new StringBuilder($"namespace {space};\n");
        foreach (var type in named.Where(n => n.Type == "string"))
        {
            code.Append($"public static class {type.Name}\n{{\n");
            var taken = new HashSet<string>(StringComparer.Ordinal);
            foreach (var value in type.Values.Where(v => v.Length > 0))
            {
                // Two values may differ only in what no name can hold: hugepages and hugepages-.
                var name = Names.Constant(value, type.Name);
                while (!taken.Add(name))
                    name += "_";
                code.Append($"    public const string {name} = \"{value}\";\n");
            }
            code.Append("}\n");
        }
        return code.ToString();
    }
}
