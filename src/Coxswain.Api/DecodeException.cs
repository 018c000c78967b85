namespace Coxswain.Api;

/// <summary>A document that cannot be read. The message is upstream's, for the client to see.</summary>
public sealed class DecodeException(string message) : Exception(message);
