using System.Security.Cryptography;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Registry;

/// <summary>What the server itself writes into the metadata of every object.</summary>
public static class ObjectMetaRules
{
    private const int MaxNameLength = 63;
    private const int SuffixLength = 5;

    // Letters and digits that make neither words nor doubt.
    private const string SuffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Sets what the server alone decides for a new object: uid, creation time, no deletion; and a name, if only
    /// a prefix was given.</summary>
    public static ObjectMeta FillSystemFields(ObjectMeta metadata, DateTimeOffset now) => metadata with
    {
        Name = metadata.Name.Length == 0 && metadata.GenerateName.Length > 0 ? GenerateName(metadata.GenerateName) : metadata.Name,
        Uid = Guid.NewGuid().ToString(),
        CreationTimestamp = now,
        DeletionTimestamp = null,
        DeletionGracePeriodSeconds = null,
        SelfLink = "",
    };

    /// <summary>Takes over from the old object what an update may leave out or must not move.</summary>
    public static ObjectMeta KeepSystemFields(ObjectMeta updated, ObjectMeta old) => updated with
    {
        Uid = updated.Uid.Length == 0 ? old.Uid : updated.Uid,
        CreationTimestamp = updated.CreationTimestamp ?? old.CreationTimestamp,
        DeletionTimestamp = old.DeletionTimestamp is null ? updated.DeletionTimestamp : updated.DeletionTimestamp ?? old.DeletionTimestamp,
        DeletionGracePeriodSeconds = old.DeletionGracePeriodSeconds is not null && updated.DeletionGracePeriodSeconds is null
            ? old.DeletionGracePeriodSeconds
            : updated.DeletionGracePeriodSeconds,
        SelfLink = "",
    };

    /// <summary>The prefix, cut so that the name is a DNS label, and five random characters.</summary>
    public static string GenerateName(string prefix)
    {
        var kept = prefix.AsSpan(0, Math.Min(prefix.Length, MaxNameLength - SuffixLength));
        return string.Concat(kept, RandomNumberGenerator.GetString(SuffixAlphabet, SuffixLength));
    }
}
