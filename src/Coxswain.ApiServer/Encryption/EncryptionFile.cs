using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Encryption;

/// <summary>The configuration's file: read at the start, and again whenever it changes, if so wished.</summary>
internal sealed partial class EncryptionFile(string path, TimeProvider clock, ILogger log)
{
    /// <summary>How often a change is looked for; upstream's.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private byte[] _hash = [];

    /// <exception cref="EncryptionConfigurationException">It cannot be read, or is not valid.</exception>
    public TransformerTable Load(TransformationMetrics metrics)
    {
        var bytes = ReadFile(path);
        _hash = SHA256.HashData(bytes);
        return Parse(bytes, metrics);
    }

    /// <summary>What a file says, for who only reads with it.</summary>
    /// <exception cref="EncryptionConfigurationException">It cannot be read, or is not valid.</exception>
    public static TransformerTable Open(string path, TimeProvider clock) => Parse(ReadFile(path), new(clock));

    /// <summary>What is wrong with a file; null: nothing.</summary>
    public static string? Problem(string path, TimeProvider clock)
    {
        try
        {
            Parse(ReadFile(path), new(clock));
            return null;
        }
        catch (EncryptionConfigurationException error)
        {
            return error.Message;
        }
    }

    /// <summary>Looks for changes until cancelled. A configuration that cannot be used changes nothing.</summary>
    public async Task FollowAsync(EncryptedStore store, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(cancellation))
            Refresh(store);
    }

    internal void Refresh(EncryptedStore store)
    {
        try
        {
            var bytes = ReadFile(path);
            var hash = SHA256.HashData(bytes);
            if (hash.AsSpan().SequenceEqual(_hash))
                return;
            store.Table = Parse(bytes, store.Metrics);
            _hash = hash;
            store.Metrics.Reloaded(failed: false);
            LogReloaded(path);
        }
        catch (EncryptionConfigurationException error)
        {
            store.Metrics.Reloaded(failed: true);
            LogFailed(path, error.Message);
        }
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            return bytes.Length > 0 ? bytes : throw new EncryptionConfigurationException($"error while parsing file: encryption provider configuration file \"{path}\" is empty");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EncryptionConfigurationException($"error while parsing file: error opening encryption provider configuration file \"{path}\": {error.Message}", error);
        }
    }

    private static TransformerTable Parse(byte[] bytes, TransformationMetrics metrics)
    {
        try
        {
            return TransformerTable.Create(EncryptionConfigurationReader.Read(bytes), metrics);
        }
        catch (EncryptionConfigurationException error)
        {
            throw new EncryptionConfigurationException($"error while parsing file: {error.Message}", error);
        }
    }

    [LoggerMessage(LogLevel.Information, "The encryption configuration {Path} has changed and is in force")]
    private partial void LogReloaded(string path);

    [LoggerMessage(LogLevel.Error, "The encryption configuration {Path} has changed and cannot be used, the former one stays in force: {Reason}")]
    private partial void LogFailed(string path, string reason);
}
