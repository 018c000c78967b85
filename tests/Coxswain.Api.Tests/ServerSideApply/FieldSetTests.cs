using System.Text;
using Coxswain.Api.ServerSideApply;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Api.Tests.ServerSideApply;

public sealed class FieldSetTests
{
    private static readonly Gen<FieldSet> Sets = Gen.Elements("a", "b", "a.x", "a.y", "b.x.p", "b.x.q", "c").ListOf()
        .Select(paths => FieldSet.OfFields([.. paths]));

    private static FieldSet Read(string json) => FieldSet.Parse(Encoding.UTF8.GetBytes(json));

    [Fact]
    public void A_set_survives_being_written_and_is_written_in_order() => Assert.Equal(
        """{"f:a":{},"f:b":{".":{},"k:{\"name\":\"x\",\"port\":1}":{"f:c":{}}},"f:c":{"v:\"s\"":{}}}""",
        Read("""{"f:c":{"v:\"s\"":{}},"f:b":{"k:{\"port\":1, \"name\":\"x\"}":{"f:c":{}},".":{}},"f:a":{}}""").ToFieldsV1().ToString());

    [Fact]
    public void Paths_are_written_as_messages_have_them() => Assert.Equal(
        [".a", ".b", ".b[name=\"x\",port=1].c", ".c[=\"s\"]", ".d[0]"],
        Read("""{"f:a":{},"f:b":{".":{},"k:{\"name\":\"x\",\"port\":1}":{"f:c":{}}},"f:c":{"v:\"s\"":{}},"f:d":{"i:0":{}}}""").Paths());

    [Fact]
    public void Sets_are_united_intersected_and_taken_from_each_other()
    {
        var left = Read("""{"f:a":{},"f:b":{".":{},"f:x":{}},"f:c":{}}""");
        var right = Read("""{"f:b":{"f:x":{},"f:y":{}},"f:c":{},"f:d":{}}""");
        Assert.Equal("""{"f:a":{},"f:b":{".":{},"f:x":{},"f:y":{}},"f:c":{},"f:d":{}}""", left.Union(right).ToFieldsV1().ToString());
        Assert.Equal("""{"f:b":{"f:x":{}},"f:c":{}}""", left.Intersection(right).ToFieldsV1().ToString());
        Assert.Equal("""{"f:a":{},"f:b":{}}""", left.Difference(right).ToFieldsV1().ToString());
        Assert.Equal("""{"f:a":{},"f:c":{}}""", left.RecursiveDifference(FieldSet.OfFields("b")).ToFieldsV1().ToString());
        Assert.True(left.Difference(left).IsEmpty);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"f:a":1}""")]
    [InlineData("")]
    public void What_is_no_set_is_refused(string json) => Assert.Throws<FormatException>(() => Read(json));

    [Theory]
    [InlineData("""{"x:a":{},"f:b":{}}""")]
    [InlineData("""{"k:[]":{},"f:b":{}}""")]
    [InlineData("""{"i:x":{},"f:b":{}}""")]
    public void Elements_of_unknown_kinds_are_left_out(string json) => Assert.Equal("""{"f:b":{}}""", Read(json).ToFieldsV1().ToString());

    [Fact]
    public void Any_bytes_are_a_set_or_refused() => Prop.ForAll<byte[]>(bytes =>
    {
        try
        {
            return FieldSet.Parse(bytes).ToFieldsV1().Utf8.Length >= 2;
        }
        catch (FormatException)
        {
            return true;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Set_algebra_holds() => Prop.ForAll(Sets.ToArbitrary(), Sets.ToArbitrary(), (a, b) =>
        a.Difference(b).Union(a.Intersection(b)).Equals(a) && a.Union(b).Difference(b).Equals(a.Difference(b)) && a.Intersection(b).Equals(b.Intersection(a)))
        .QuickCheckThrowOnFailure();
}
