// What a transaction of etcd compares.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>Compares the revision of a key's last change; 0 is that of a key that is not there.</summary>
internal sealed record Comparison(byte[] Key, long ModRevision)
{
    public string Target => "MOD";

    public string Result => "EQUAL";
}
