namespace Coxswain.Node.Host;

/// <summary>The machine lacks something that containers need. The message is one sentence for the user and names the mend.</summary>
public sealed class NodePrerequisiteException(string message, Exception? inner = null) : Exception(message, inner);
