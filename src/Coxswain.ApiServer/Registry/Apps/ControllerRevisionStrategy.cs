using System.Text.Json.Nodes;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Apps;

/// <summary>The rules of controller revisions, whose data never changes.</summary>
internal sealed class ControllerRevisionStrategy : Strategy<ControllerRevision>
{
    protected override void ValidateObject(StrategyContext c, ControllerRevision o, FieldErrors errors)
    {
        if (o.Data.IsAbsent)
            errors.Required("data", "data is mandatory");
        CommonRules.NonNegative(o.Revision, "revision", errors);
    }

    protected override void ValidateUpdate(StrategyContext c, ControllerRevision updated, ControllerRevision old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.NonNegative(updated.Revision, "revision", errors);

        // Upstream compares texts. A patch writes the text anew, without white space, so what was sent with white space cannot be patched.
        if (!IsCompact(old.Data.Utf8) || !JsonNode.DeepEquals(updated.Data.ToNode(), old.Data.ToNode()))
            CommonRules.Unchanged(updated.Data, old.Data, "data", errors);
    }

    private static bool IsCompact(ReadOnlySpan<byte> json)
    {
        var inText = false;
        for (var i = 0; i < json.Length; i++)
        {
            if (inText && json[i] == '\\')
                i++;
            else if (json[i] == '"')
                inText = !inText;
            else if (!inText && json[i] == ' ')
                return false;
        }

        return true;
    }
}
