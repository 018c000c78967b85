using System.Runtime.InteropServices;
using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>The names of members without a new string for each: they are the schema's over and over.</summary>
internal static class MemberNames
{
    public static string Of(JsonProperty member)
    {
        var raw = JsonMarshal.GetRawUtf8PropertyName(member);
        return raw.Contains((byte)'\\') ? member.Name : StringCache.Get(raw);
    }
}
