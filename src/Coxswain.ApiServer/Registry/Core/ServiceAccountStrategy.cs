using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of service accounts.</summary>
internal sealed class ServiceAccountStrategy : Strategy<ServiceAccount>
{
    protected override void ValidateUpdate(StrategyContext c, ServiceAccount updated, ServiceAccount old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ValidateMetadata(updated, errors);
    }
}
