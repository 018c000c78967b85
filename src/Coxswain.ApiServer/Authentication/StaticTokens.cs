using System.Security.Cryptography;
using System.Text;
using Coxswain.Api.Authentication.V1;

namespace Coxswain.ApiServer.Authentication;

/// <summary>Bearer tokens from a CSV file: token, user name, uid, and optionally groups separated by commas.</summary>
internal sealed class StaticTokens
{
    // Looked up by digest, so that the time of a look-up says nothing about how much of a guess was right.
    private readonly Dictionary<string, UserInfo> _users = new(StringComparer.Ordinal);

    public static StaticTokens Empty { get; } = new();

    public int Count => _users.Count;

    /// <exception cref="InvalidDataException">A line has fewer than three columns, or an empty token.</exception>
    public static StaticTokens Load(string path)
    {
        var tokens = new StaticTokens();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            var columns = Columns(line);
            if (columns.Count == 0 || (columns.Count == 1 && columns[0].Length == 0))
                continue;
            if (columns.Count < 3)
                throw new InvalidDataException($"{path}, line {number}: a token needs at least the columns token, user name and uid");
            if (columns[0].Length == 0)
                throw new InvalidDataException($"{path}, line {number}: the token is empty");

            var groups = columns.Count > 3
                ? columns[3].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                : [];
            tokens._users[Digest(columns[0])] = new() { Username = columns[1], Uid = columns[2], Groups = [.. groups, Users.AuthenticatedGroup] };
        }

        return tokens;
    }

    public UserInfo? Find(string token) => _users.Count == 0 ? null : _users.GetValueOrDefault(Digest(token));

    private static string Digest(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private static List<string> Columns(string line)
    {
        var columns = new List<string>();
        var column = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quoted && c == '"' && i + 1 < line.Length && line[i + 1] == '"')
            {
                column.Append('"');
                i++;
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                columns.Add(column.ToString().Trim());
                column.Clear();
            }
            else
            {
                column.Append(c);
            }
        }

        columns.Add(column.ToString().Trim());
        return columns;
    }
}
