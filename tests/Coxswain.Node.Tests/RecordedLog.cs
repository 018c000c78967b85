using Microsoft.Extensions.Logging;

namespace Coxswain.Node.Tests;

/// <summary>Keeps warnings and errors, for the message of a test that fails.</summary>
internal sealed class RecordedLog : ILoggerFactory, ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("this log keeps its lines itself");

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
            _lines.Add($"{logLevel}: {formatter(state, exception)} {exception}");
    }

    public override string ToString()
    {
        lock (_gate)
            return string.Join('\n', _lines.TakeLast(10));
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
