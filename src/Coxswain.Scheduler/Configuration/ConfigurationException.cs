namespace Coxswain.Scheduler.Configuration;

/// <summary>A scheduler configuration that cannot be used; the message names each fault and where it is.</summary>
public sealed class ConfigurationException : Exception
{
    public ConfigurationException()
    {
    }

    public ConfigurationException(string message)
        : base(message)
    {
    }

    public ConfigurationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
