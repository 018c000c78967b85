using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Coxswain.Cel;
using static Coxswain.ApiServer.Expressions.KubernetesLibrary;

namespace Coxswain.ApiServer.Expressions;

/// <summary><c>semver("1.2.3")</c>: versions by the rules of semver.org 2.0.0.</summary>
internal static partial class SemverLibrary
{
    private static readonly CelType Type = CelType.Opaque("kubernetes.Semver");

    public static IEnumerable<CelOverload> Overloads =>
    [
        Global("semver", Type, (_, a) => Parse(a[0].AsString, normalize: false), CelType.String),
        Global("semver", Type, (_, a) => Parse(a[0].AsString, a[1].AsBool), CelType.String, CelType.Bool),
        Global("isSemver", CelType.Bool, (_, a) => CelValue.Of(!Parse(a[0].AsString, normalize: false).IsError), CelType.String),
        Global("isSemver", CelType.Bool, (_, a) => CelValue.Of(!Parse(a[0].AsString, a[1].AsBool).IsError), CelType.String, CelType.Bool),
        Member("major", CelType.Int, (_, a) => CelValue.Of((long)Get(a[0]).Major), Type),
        Member("minor", CelType.Int, (_, a) => CelValue.Of((long)Get(a[0]).Minor), Type),
        Member("patch", CelType.Int, (_, a) => CelValue.Of((long)Get(a[0]).Patch), Type),
        Member("isGreaterThan", CelType.Bool, (_, a) => CelValue.Of(Compare(Get(a[0]), Get(a[1])) > 0), Type, Type),
        Member("isLessThan", CelType.Bool, (_, a) => CelValue.Of(Compare(Get(a[0]), Get(a[1])) < 0), Type, Type),
        Member("compareTo", CelType.Int, (_, a) => CelValue.Of((long)Compare(Get(a[0]), Get(a[1]))), Type, Type),
    ];

    [GeneratedRegex(@"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Form();

    [GeneratedRegex(@"^[vV]?0*(\d+)(?:\.0*(\d+))?(?:\.0*(\d+))?(.*)\z", RegexOptions.NonBacktracking)]
    private static partial Regex Loose();

    private static CelValue Parse(string text, bool normalize)
    {
        if (normalize && Loose().Match(text) is { Success: true } loose)
            text = $"{loose.Groups[1].Value}.{Or0(loose.Groups[2])}.{Or0(loose.Groups[3])}{loose.Groups[4].Value}";
        if (!Form().IsMatch(text))
            return CelValue.Error($"semver parse error: {text} is no version");
        var core = text;
        var build = core.IndexOf('+', StringComparison.Ordinal);
        if (build >= 0)
            core = core[..build];
        var dash = core.IndexOf('-', StringComparison.Ordinal);
        var release = dash < 0 ? [] : core[(dash + 1)..].Split('.');
        var numbers = (dash < 0 ? core : core[..dash]).Split('.');
        return ulong.TryParse(numbers[0], CultureInfo.InvariantCulture, out var major) && ulong.TryParse(numbers[1], CultureInfo.InvariantCulture, out var minor)
            && ulong.TryParse(numbers[2], CultureInfo.InvariantCulture, out var patch)
            ? CelValue.Of(new SemverValue(major, minor, patch, string.Join('.', release), text))
            : CelValue.Error($"semver parse error: a number of {text} is too large");
    }

    private static string Or0(Group group) => group.Success ? group.Value : "0";

    private static SemverValue Get(CelValue value) => (SemverValue)value.AsOpaque;

    private static int Compare(SemverValue a, SemverValue b)
    {
        var order = (a.Major, a.Minor, a.Patch).CompareTo((b.Major, b.Minor, b.Patch));
        if (order != 0)
            return order;
        // A version without a pre-release comes after those with one.
        if (a.PreRelease.Length == 0 || b.PreRelease.Length == 0)
            return (a.PreRelease.Length == 0 ? 1 : 0) - (b.PreRelease.Length == 0 ? 1 : 0);
        string[] x = a.PreRelease.Split('.'), y = b.PreRelease.Split('.');
        for (var i = 0; i < Math.Min(x.Length, y.Length); i++)
        {
            var numeric = BigInteger.TryParse(x[i], NumberStyles.None, CultureInfo.InvariantCulture, out var m);
            var otherNumeric = BigInteger.TryParse(y[i], NumberStyles.None, CultureInfo.InvariantCulture, out var n);
            order = numeric && otherNumeric ? m.CompareTo(n) : numeric ? -1 : otherNumeric ? 1 : string.CompareOrdinal(x[i], y[i]);
            if (order != 0)
                return Math.Sign(order);
        }
        return x.Length.CompareTo(y.Length);
    }

    private sealed record SemverValue(ulong Major, ulong Minor, ulong Patch, string PreRelease, string Text) : ICelOpaque
    {
        public CelType Type => SemverLibrary.Type;

        public bool Equals(SemverValue? other) => other is not null && Compare(this, other) == 0;

        public override int GetHashCode() => HashCode.Combine(Major, Minor, Patch);

        public override string ToString() => Text;
    }
}
