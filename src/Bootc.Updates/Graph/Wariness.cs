// How late a host wants updates.
using System.Globalization;
using System.Text;

namespace Bootc.Updates.Graph;

/// <summary>
/// The wariness of hosts, 0 to 1. A host that has none of its own gets one from its identifier, always the same, and the same as
/// from the graph server of Fedora CoreOS: rollouts need no server that remembers hosts.
/// </summary>
public static class Wariness
{
    private const double Least = 0.000_001; // 0 is for hosts that say so

    /// <summary>The wariness of a host by its identifier.</summary>
    public static double OfNode(string nodeUuid)
    {
        // A string is hashed as its bytes in UTF-8 and one byte that no string has.
        byte[] bytes = [.. Encoding.UTF8.GetBytes(nodeUuid), 0xFF];
        return Math.Clamp(SipHash.Compute(bytes, compressionRounds: 1, finalizationRounds: 3) / (double)ulong.MaxValue, Least, 1);
    }

    /// <summary>A wariness that a host says of itself; <see langword="null"/> when it says none that is a number.</summary>
    public static double? Parse(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? double.IsNaN(value) ? 0 : Math.Clamp(value, 0, 1) : null;
}
