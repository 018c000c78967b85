namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>What one result of an allocation stands for: a device, or a share of one.</summary>
internal readonly record struct AllocatedDevice(string Driver, string Pool, string Device, string? ShareId)
{
    /// <summary>As refusals show it.</summary>
    public override string ToString() => ShareId is null ? $"{Driver}/{Pool}/{Device}" : $"{Driver}/{Pool}/{Device}/{ShareId}";
}
