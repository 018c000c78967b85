namespace Coxswain.Storage.Tests.Sqlite;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("coxswain-storage-");

    public string Store => System.IO.Path.Combine(_folder.FullName, "store.db");

    public string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
