using Coxswain.Api;
using Coxswain.Api.Autoscaling.V1;

namespace Coxswain.ApiServer.Registry;

/// <summary>Shows an object as a Scale, and takes the wish of a Scale over into the object. Pure.</summary>
public interface IScaleStrategy
{
    /// <summary>The Scale of an object, with its name, uid, resource version and creation time.</summary>
    Scale Get(IMetadataObject o);

    /// <summary>The object with the replicas that the Scale asks for; nothing else changes.</summary>
    IMetadataObject Set(IMetadataObject o, Scale scale);
}
