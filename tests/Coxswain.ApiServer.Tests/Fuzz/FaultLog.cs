using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Tests.Fuzz;

/// <summary>Keeps the last error that a server logged, so that a failed test can show it.</summary>
internal sealed class FaultLog : ILoggerFactory, ILogger
{
    public string Last { get; private set; } = "";

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            Last = $"{formatter(state, exception)}\n{exception}";
    }

    public void Dispose()
    {
    }
}
