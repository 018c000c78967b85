namespace Coxswain.Api.Generator;

/// <summary>The C# type of a type expression of the facts.</summary>
internal sealed class TypeNames(Facts facts)
{
    /// <summary>The type of a property.</summary>
    public string OfField(FieldFact field)
    {
        var type = Of(field.Type);
        return field.Type is "time" or "microTime" || (field.Pointer && !field.IsList && !field.IsMap) ? type + "?" : type;
    }

    /// <summary>The initializer of a field, or nothing where the type's default is right.</summary>
    public string Initializer(FieldFact field)
    {
        if (field.Pointer || field.IsList || field.IsMap)
            return "";
        return field.Type == "string" ? " = \"\"" : IsStruct(field.Type) ? " = " + Of(field.Type) + ".Empty" : "";
    }

    public bool IsStruct(string type) => facts.ByDefinition.ContainsKey(type);

    public string Of(string type)
    {
        if (type.StartsWith("[]", StringComparison.Ordinal))
            return "ApiList<" + Of(type.Substring(2)) + ">";
        if (type.StartsWith("map[string]", StringComparison.Ordinal))
            return "ApiMap<" + Of(type.Substring(11)) + ">";
        return type switch
        {
            "string" => "string",
            "bool" => "bool",
            "int32" => "int",
            "int64" => "long",
            "float64" => "double",
            "bytes" => "ByteString",
            "any" or "rawExtension" or "json" or "fieldsV1" => "RawJson",
            "time" or "microTime" => "global::System.DateTimeOffset",
            "duration" => "global::System.TimeSpan",
            "quantity" => "Quantity",
            "intOrString" => "IntOrString",
            _ => facts.ByDefinition.TryGetValue(type, out var found)
                ? found.FullName
                : throw new InvalidOperationException("the facts name a type that is not generated: " + type),
        };
    }
}
