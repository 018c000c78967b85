namespace Coxswain.Storage.Sqlite;

/// <summary>A write on its way to the commit.</summary>
internal sealed class PendingWrite(StoreWrite write)
{
    private readonly TaskCompletionSource<WriteResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StoreWrite Write => write;

    public Task<WriteResult> Task => _done.Task;

    /// <summary>What the transaction made of it; valid once that is committed.</summary>
    public WriteResult? Result { get; set; }

    public void Complete() => _done.SetResult(Result!);

    public void Fail(Exception error) => _done.TrySetException(error);
}
