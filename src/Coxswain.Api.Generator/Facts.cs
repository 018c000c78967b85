namespace Coxswain.Api.Generator;

/// <summary>The facts as the emitters want them: only the packages that are generated, with C# names decided.</summary>
internal sealed class Facts
{
    private static readonly HashSet<string> SharedPackages = new(StringComparer.Ordinal)
    {
        "k8s.io/apimachinery/pkg/apis/meta/v1", "k8s.io/apimachinery/pkg/version", "k8s.io/api/admission/v1",
        "k8s.io/api/apidiscovery/v2", "k8s.io/metrics/pkg/apis/metrics/v1beta1",
    };

    // Go helpers without a document of their own, and a list that the core group has too.
    private static readonly HashSet<string> LeftOut = new(StringComparer.Ordinal)
    {
        "io.k8s.apimachinery.pkg.apis.meta.v1.TypeMeta", "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
        "io.k8s.apimachinery.pkg.apis.meta.v1.Timestamp", "io.k8s.apimachinery.pkg.apis.meta.v1.List",
    };

    private Facts(
        List<TypeFact> types, Dictionary<string, TypeFact> byDefinition, List<NamedFact> named, List<GroupVersionFact> groupVersions)
    {
        Types = types;
        ByDefinition = byDefinition;
        Named = named;
        GroupVersions = groupVersions;
    }

    public List<TypeFact> Types { get; }

    public Dictionary<string, TypeFact> ByDefinition { get; }

    public List<NamedFact> Named { get; }

    public List<GroupVersionFact> GroupVersions { get; }

    public static Facts Read(string types, string resources)
    {
        var groupVersions = JsonValue.Parse(resources)["groupVersions"].Items.Select(g => new GroupVersionFact(g)).ToList();
        var served = new HashSet<string>(
            groupVersions.SelectMany(g => g.Resources.Select(r => $"{Names.Namespace(g.Group, g.Version)}.{r.Kind}")),
            StringComparer.Ordinal);

        var all = new List<TypeFact>();
        var named = new List<NamedFact>();
        foreach (var package in JsonValue.Parse(types)["packages"].Items)
        {
            if (!package["served"].Flag && !SharedPackages.Contains(package["go"].Text))
                continue;
            var space = package["group"].IsPresent ? Names.Namespace(package["group"].Text, package["version"].Text) : Names.Meta;
            all.AddRange(package["types"].Items.Where(t => !LeftOut.Contains(t["def"].Text))
                .Select(t => new TypeFact(t, space, package["group"].Text, package["version"].Text)));
            named.AddRange(package["named"].Items.Select(n => new NamedFact(n, space)));
        }

        var byDefinition = all.ToDictionary(t => t.Definition, StringComparer.Ordinal);
        for (var i = 0; i < all.Count; i++)
            all[i].Index = i;
        foreach (var type in all)
            type.IsServed = served.Contains(type.Namespace + "." + type.Name);
        return new Facts(all, byDefinition, named, groupVersions);
    }
}

/// <summary>One struct type.</summary>
internal sealed class TypeFact
{
    public TypeFact(JsonValue json, string space, string group, string version)
    {
        Namespace = space;
        Definition = json["def"].Text;
        GoName = json["name"].Text;
        Name = Names.TypeName(Definition, GoName);
        IsKind = json["kind"].Flag;
        HasProtobuf = json["proto"].Flag;
        MapType = json["mapType"].Text;
        IsUnion = json["union"].Flag;
        CustomJson = json["customJson"].Items.ConvertAll(i => i.Text);
        (Group, Version) = IsKind ? Names.KindGroupVersion(group, version, GoName) : (group, version);
        Inlines = json["inline"].Items.Where(i => i["pb"].IsPresent).Select(i => new InlineFact(i)).ToList();
        Fields = json["fields"].Items.Where(f => !IsTypeMeta(f)).Select(f => new FieldFact(f, Name)).ToList();
    }

    public string Namespace { get; }

    public string Definition { get; }

    public string GoName { get; }

    public string Name { get; }

    public string Group { get; }

    public string Version { get; }

    public bool IsKind { get; }

    public bool HasProtobuf { get; }

    public string MapType { get; }

    public bool IsUnion { get; }

    public bool IsServed { get; set; }

    /// <summary>The place in the schema table.</summary>
    public int Index { get; set; }

    public List<string> CustomJson { get; }

    public List<InlineFact> Inlines { get; }

    public List<FieldFact> Fields { get; }

    public string FullName => "global::" + Namespace + "." + Name;

    public bool HasObjectMeta => IsKind && Fields.Exists(f => f.Json == "metadata" && f.Type == Names.ObjectMeta);

    public bool HasListMeta => IsKind && Fields.Exists(f => f.Json == "metadata" && f.Type == Names.ListMeta);

    // apiVersion and kind are the type's own and not stored.
    private static bool IsTypeMeta(JsonValue field) =>
        field["via"].Text == "TypeMeta" && (field["json"].Text == "kind" || field["json"].Text == "apiVersion");
}

/// <summary>An embedded struct that is a nested message on the wire, while its fields stand in place in JSON.</summary>
internal sealed class InlineFact
{
    public InlineFact(JsonValue json)
    {
        Path = json["go"].Text;
        Number = json["pb"].Number;
    }

    public string Path { get; }

    public int Number { get; }
}

/// <summary>One field of a struct.</summary>
internal sealed class FieldFact
{
    public FieldFact(JsonValue json, string owner)
    {
        Json = json["json"].Text;
        Go = json["go"].Text;
        Type = json["type"].Text;
        Named = json["named"].IsPresent ? json["named"].Text : Type;
        Property = Names.Property(Json, Go, owner);
        Backing = "_" + char.ToLowerInvariant(Property[0]) + Property.Substring(1);
        Required = json["required"].Flag;
        OmitEmpty = json["omitempty"].Flag;
        OmitZero = json["omitzero"].Flag;
        Pointer = json["ptr"].Flag;
        Number = json["pb"].Number;
        HasNumber = json["pb"].IsPresent;
        PatchStrategy = json["patchStrategy"].Text;
        PatchMergeKey = json["patchMergeKey"].Text;
        ListType = json["listType"].Text;
        ListMapKeys = json["listMapKeys"].Items.ConvertAll(i => i.Text);
        MapType = json["mapType"].Text;
        Default = json["default"].IsPresent ? json["default"].ToJson() : "";
        Via = json["via"].Text;
    }

    public string Json { get; }

    public string Go { get; }

    public string Type { get; }

    public string Named { get; }

    public string Property { get; }

    public string Backing { get; }

    public bool Required { get; }

    public bool OmitEmpty { get; }

    public bool OmitZero { get; }

    public bool Pointer { get; }

    public bool HasNumber { get; }

    public int Number { get; }

    public string PatchStrategy { get; }

    public string PatchMergeKey { get; }

    public string ListType { get; }

    public List<string> ListMapKeys { get; }

    public string MapType { get; }

    public string Default { get; }

    public string Via { get; }

    public bool IsList => Type.StartsWith("[]", StringComparison.Ordinal);

    public bool IsMap => Type.StartsWith("map[string]", StringComparison.Ordinal);

    /// <summary>The type of an item of a list, or of a value of a map.</summary>
    public string Item => IsList ? Type.Substring(2) : Type.Substring(11);
}

/// <summary>A named scalar, list or map of Go.</summary>
internal sealed class NamedFact
{
    public NamedFact(JsonValue json, string space)
    {
        Namespace = space;
        Name = json["name"].Text;
        Definition = json["def"].Text;
        Type = json["type"].Text;
        IsMessage = json["pbMessage"].Flag;
        IsClosed = json["enum"].IsPresent;
        Values = (IsClosed ? json["enum"] : json["consts"]).Items.ConvertAll(i => i.Text);
    }

    public string Namespace { get; }

    public string Name { get; }

    public string Definition { get; }

    public string Type { get; }

    public bool IsMessage { get; }

    public bool IsClosed { get; }

    public List<string> Values { get; }
}

/// <summary>A served group and version with its resources.</summary>
internal sealed class GroupVersionFact
{
    public GroupVersionFact(JsonValue json)
    {
        Group = json["group"].Text;
        Version = json["version"].Text;
        Resources = json["resources"].Items.ConvertAll(r => new ResourceFact(r));
    }

    public string Group { get; }

    public string Version { get; }

    public List<ResourceFact> Resources { get; }
}

/// <summary>A served resource.</summary>
internal sealed class ResourceFact
{
    public ResourceFact(JsonValue json)
    {
        Plural = json["plural"].Text;
        Singular = json["singular"].Text;
        Kind = json["kind"].Text;
        Namespaced = json["namespaced"].Flag;
        ShortNames = json["shortNames"].Items.ConvertAll(i => i.Text);
        Categories = json["categories"].Items.ConvertAll(i => i.Text);
        Verbs = json["verbs"].Items.ConvertAll(i => i.Text);
        Subresources = json["subresources"].Items;
    }

    public string Plural { get; }

    public string Singular { get; }

    public string Kind { get; }

    public bool Namespaced { get; }

    public List<string> ShortNames { get; }

    public List<string> Categories { get; }

    public List<string> Verbs { get; }

    public List<JsonValue> Subresources { get; }
}
