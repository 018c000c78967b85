using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>A static class of constants for each named string type whose values are known.</summary>
internal static class ConstantsEmitter
{
    public static string Emit(string space, IEnumerable<NamedFact> named)
    {
        var code = new StringBuilder().Append("namespace ").Append(space).Append(";\n");
        foreach (var type in named.Where(n => n.Type == "string"))
        {
            code.Append("public static class ").Append(type.Name).Append("\n{\n");
            var taken = new HashSet<string>(StringComparer.Ordinal);
            foreach (var value in type.Values.Where(v => v.Length > 0))
            {
                var name = Names.Constant(value, type.Name);
                while (!taken.Add(name))
                    name += "_";
                code.Append("    public const string ").Append(name).Append(" = \"").Append(value).Append("\";\n");
            }
            code.Append("}\n");
        }
        return code.ToString();
    }
}
