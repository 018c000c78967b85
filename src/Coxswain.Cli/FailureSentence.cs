using System.Net.Sockets;
using Coxswain.Api;
using Coxswain.Lifecycle;

namespace Coxswain.Cli;

/// <summary>Turns the failures that a machine or a user can cause into one sentence. What is left is a bug, and shows its trace.</summary>
public static class FailureSentence
{
    public static string? For(Exception exception) => exception switch
    {
        LifecycleException e => e.Message,
        ApiException e => e.Message,
        SocketException e => $"no connection: {e.Message}",
        HttpRequestException e => $"no answer from the API server: {e.InnerException?.Message ?? e.Message}; see coxswain logs",
        UnauthorizedAccessException e => $"{e.Message}; run as root or through sudo",
        IOException e => e.Message,
        _ => null,
    };
}
