namespace Coxswain.Benchmarks;

/// <summary>A folder on the disk that is measured (COXSWAIN_BENCH_DIR, or the system's temporary folder), gone afterwards.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly string _folder = Directory.CreateDirectory(
        System.IO.Path.Combine(Environment.GetEnvironmentVariable("COXSWAIN_BENCH_DIR") ?? System.IO.Path.GetTempPath(), $"coxswain-bench-{Guid.NewGuid():n}")).FullName;

    public string Path(string name) => System.IO.Path.Combine(_folder, name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
