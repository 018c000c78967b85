using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Coxswain.Logging;

/// <summary>Writes log entries as lines for people and for grep: time, level, category, message; an exception follows on lines of its own.</summary>
/// <remarks>Thread-safe. A log that cannot be written (disk full, pipe closed) never stops the work.</remarks>
internal sealed class LineLoggerProvider(TextWriter output, LogLevel least, TimeProvider clock) : ILoggerProvider
{
    private readonly Lock _gate = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string category, string message, Exception? exception)
    {
        var time = clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var name = level switch
        {
            LogLevel.Critical => "CRIT ",
            LogLevel.Error => "ERROR",
            LogLevel.Warning => "WARN ",
            LogLevel.Information => "INFO ",
            _ => "DEBUG",
        };
        lock (_gate)
        {
            try
            {
                output.WriteLine($"{time} {name} {category} {message}");
                if (exception is not null)
                    output.WriteLine(exception.ToString());
                output.Flush();
            }
            catch (IOException)
            {
            }
        }
    }

    private sealed class LineLogger(LineLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= owner.Least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                owner.Write(logLevel, category, formatter(state, exception), exception);
        }
    }

    private LogLevel Least => least;
}
