using System.Globalization;

namespace Coxswain.Storage.Etcd.Maintenance;

/// <summary>The alarms among the errors of a member's status, which it tells without a quorum: "memberID:123 alarm:NOSPACE ".</summary>
internal static class EtcdAlarmText
{
    /// <returns>Null: the text is another error.</returns>
    public static (ulong Member, string Name)? Parse(string text)
    {
        var member = 0UL;
        string? name = null;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.StartsWith("memberID:", StringComparison.Ordinal))
                _ = ulong.TryParse(word["memberID:".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out member);
            else if (word.StartsWith("alarm:", StringComparison.Ordinal))
                name = word["alarm:".Length..];
        }

        return name is null ? null : (member, name);
    }
}
