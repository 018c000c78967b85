using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Guestbook;

/// <summary>As much of the Redis protocol (RESP2) as a guestbook needs: one command on a connection of its own.</summary>
internal sealed class RedisEndpoint(string host, string password)
{
    /// <summary>The reply as text; the items of a list on lines of their own.</summary>
    public async Task<string> SendAsync(CancellationToken cancellation, params string[] command)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(host, 6379, cancellation);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        if (password.Length > 0)
        {
            await WriteAsync(stream, ["AUTH", password], cancellation);
            await ReadAsync(reader, cancellation);
        }

        await WriteAsync(stream, command, cancellation);
        return await ReadAsync(reader, cancellation);
    }

    private static async Task WriteAsync(NetworkStream stream, string[] command, CancellationToken cancellation)
    {
        var text = new StringBuilder($"*{command.Length}\r\n");
        foreach (var word in command)
            text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellation);
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var line = await reader.ReadLineAsync(cancellation) ?? throw new IOException("Redis closed the connection");
        switch (line[0])
        {
            case '+' or ':':
                return line[1..];
            case '-':
                throw new IOException($"Redis: {line[1..]}");
            case '$':
                return line == "$-1" ? "" : await reader.ReadLineAsync(cancellation) ?? "";
            case '*':
                var items = new List<string>();
                for (var i = int.Parse(line[1..], CultureInfo.InvariantCulture); i > 0; i--)
                    items.Add(await ReadAsync(reader, cancellation));
                return string.Join('\n', items);
            default:
                throw new IOException("this is not Redis");
        }
    }
}
