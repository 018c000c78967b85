using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Lists of limited length: of one that is too long nothing more is said.</summary>
internal static class ListRules
{
    /// <param name="max">Negative: no limit.</param>
    public static bool Each<T>(ApiList<T> items, int max, FieldPath path, FieldErrors errors, Action<T, FieldPath> judge)
    {
        if (max >= 0 && items.Count > max)
        {
            errors.TooMany(path, items.Count, max);
            return false;
        }

        for (var i = 0; i < items.Count; i++)
            judge(items[i], path.Index(i));
        return true;
    }

    /// <summary>As <see cref="Each{T}"/>, and no key may come twice.</summary>
    public static void Set<T, TKey>(
        ApiList<T> items, int max, Func<T, TKey> key, FieldPath path, FieldErrors errors, Action<T, FieldPath> judge)
    {
        if (!Each(items, max, path, errors, judge) || items.Count < 2)
            return;
        var seen = new HashSet<TKey>();
        for (var i = 0; i < items.Count; i++)
            if (key(items[i]) is var found && !seen.Add(found))
                errors.Duplicate(path.Index(i), found);
    }
}
