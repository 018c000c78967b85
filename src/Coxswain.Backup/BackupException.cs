namespace Coxswain.Backup;

/// <summary>A backup cannot be made or used. The message is one sentence with the reason.</summary>
public sealed class BackupException(string message, Exception? inner = null) : Exception(message, inner);
