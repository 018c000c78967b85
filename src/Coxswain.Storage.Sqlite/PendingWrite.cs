namespace Coxswain.Storage.Sqlite;

/// <summary>A write on its way to the commit.</summary>
internal sealed class PendingWrite(StoreWrite write)
{
    private readonly TaskCompletionSource<WriteResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StoreWrite Write => write;

    public Task<WriteResult> Task => _done.Task;

    /// <summary>What the transaction made of it; valid once that is committed.</summary>
    public WriteResult? Result { get; set; }

    /// <summary>Why it was left out of the transaction that the others went into.</summary>
    public Exception? Refusal { get; private set; }

    public void Refuse(Exception reason) => Refusal = reason;

    public void Complete()
    {
        if (Refusal is not null)
            _done.TrySetException(Refusal);
        else
            _done.SetResult(Result!);
    }

    public void Fail(Exception error) => _done.TrySetException(error);
}
