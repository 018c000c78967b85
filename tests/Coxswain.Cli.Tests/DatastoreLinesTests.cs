using System.Text.Json;
using Coxswain.Cli.Commands;

namespace Coxswain.Cli.Tests;

/// <summary>What status says of the datastore.</summary>
public sealed class DatastoreLinesTests
{
    [Fact]
    public void A_file_is_one_line_with_its_size_and_room()
    {
        var lines = Describe("""
            {"kind":"sqlite","members":[{"name":"/d/state.db","version":"","role":"","bytes":3145728,"bytesInUse":1048576,"maxBytes":8589934592,"diskFreeBytes":2147483648,"alarms":[]}]}
            """);
        Assert.Equal([("datastore", "sqlite, /d/state.db, 3.0 MiB of 8.0 GiB (1.0 MiB in use), 2.0 GiB of disk free", true)], lines);
    }

    [Fact]
    public void Each_member_of_etcd_is_a_line_and_what_is_wrong_with_one_is_said()
    {
        var lines = Describe("""
            {"kind":"etcd","members":[
            {"name":"a (https://10.0.0.1:2379)","version":"3.5.16","role":"leader","bytes":20480,"bytesInUse":20480,"maxBytes":2147483648,"alarms":["NOSPACE"]},
            {"name":"https://10.0.0.2:2379","version":"","role":"","bytes":0,"bytesInUse":0,"maxBytes":0,"alarms":[],"error":"connection refused"}]}
            """);
        Assert.Equal(
            [
                ("datastore", "etcd, 2 members", true),
                ("  member", "a (https://10.0.0.1:2379), 3.5.16, leader, 20 KiB of 2.0 GiB, ALARM: NOSPACE", false),
                ("  member", "https://10.0.0.2:2379, NO ANSWER: connection refused", false),
            ],
            lines);
    }

    [Fact]
    public void Memory_has_no_place()
    {
        Assert.Equal([("datastore", "memory", true)], Describe("""{"kind":"memory","members":[]}"""));
    }

    private static List<(string, string, bool)> Describe(string report)
    {
        using var document = JsonDocument.Parse(report);
        return [.. DatastoreLines.Describe(document.RootElement)];
    }
}
