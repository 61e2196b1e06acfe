// By which name a host is known to lock managers and graph servers.
using System.Security.Cryptography;

namespace Bootc.Updates;

/// <summary>The identifier of a host that is told of no other: derived from its machine-id(5), which it does not reveal.</summary>
public static class NodeUuid
{
    // The application's ID from which zincati derives its own, so that a host keeps its name, and its place in rollouts.
    private static readonly byte[] ApplicationId = Convert.FromHexString("de35106b6ec24688b63afddaa156679b");

    /// <summary>The identifier of the host whose root this is, 32 lower-case hexadecimal digits: sd_id128_get_machine_app_specific(3).</summary>
    /// <exception cref="UpdatesException">The host has no machine ID.</exception>
    public static string OfHost(string root = "/")
    {
        string path = Path.Combine(root, "etc/machine-id");
        try
        {
            return Derive(File.ReadAllText(path).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new UpdatesException($"the host has no machine ID from which its identifier could be made: {path} cannot be read or has none", e);
        }
    }

    /// <summary>Derives it from a machine ID.</summary>
    /// <exception cref="FormatException">The machine ID is none.</exception>
    internal static string Derive(string machineId)
    {
        byte[] key = Convert.FromHexString(machineId);
        if (key.Length != 16)
        {
            throw new FormatException($"'{machineId}' is no machine ID: 32 hexadecimal digits are wanted");
        }

        byte[] uuid = HMACSHA256.HashData(key, ApplicationId)[..16];
        uuid[6] = (byte)((uuid[6] & 0x0F) | 0x40); // the bits that say that it is a random UUID (RFC 9562, version 4)
        uuid[8] = (byte)((uuid[8] & 0x3F) | 0x80);
        return Convert.ToHexStringLower(uuid);
    }
}
