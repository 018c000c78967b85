namespace Coxswain.Client;

/// <summary>The bearer token; one in a file is read again every minute, since it is renewed there.</summary>
internal sealed class TokenSource(ClientConfig config, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private (string Token, long ReadAt)? _read;

    public string Current
    {
        get
        {
            if (config.TokenFile.Length == 0)
                return config.Token;
            if (_read is { } read && clock.GetElapsedTime(read.ReadAt) < Fresh)
                return read.Token;
            try
            {
                var token = File.ReadAllText(config.TokenFile).Trim();
                _read = (token, clock.GetTimestamp());
                return token;
            }
            catch (IOException) when (_read is { } last)
            {
                // In the middle of being replaced: the old one is good for a while.
                return last.Token;
            }
        }
    }
}
