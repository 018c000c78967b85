namespace Coxswain.Storage;

/// <summary>A store could not do its work. The message is one sentence for the user and names the mend where there is one.</summary>
public class StoreException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>There is no room for the write: the disk is full or the store's size limit is reached. Reads and watches go on, and
/// writes succeed again by themselves when there is room.</summary>
public sealed class StoreFullException(string message, Exception? inner = null) : StoreException(message, inner);

/// <summary>The stored data is damaged, is not ours, or was written by a newer version.</summary>
public sealed class StoreCorruptException(string message, Exception? inner = null) : StoreException(message, inner);

/// <summary>Another process has the store open.</summary>
public sealed class StoreLockedException(string message, Exception? inner = null) : StoreException(message, inner);

/// <summary>The store cannot be reached, or has no quorum. What a write that ended so has done is unknown. It comes back by itself.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : StoreException(message, inner);
