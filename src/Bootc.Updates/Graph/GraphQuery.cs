// What a host tells a graph server of itself.
using System.Globalization;
using Bootc.Updates.Http;

namespace Bootc.Updates.Graph;

/// <summary>The parameters of a request for a graph.</summary>
/// <param name="Stream">The stream that the host follows.</param>
/// <param name="BaseArchitecture">Its architecture, by the name that graph servers have for it.</param>
public sealed record GraphQuery(string Stream, string BaseArchitecture)
{
    /// <summary>Its identifier.</summary>
    public string? NodeUuid { get; init; }

    /// <summary>Its group.</summary>
    public string? Group { get; init; }

    /// <summary>Its platform.</summary>
    public string? Platform { get; init; }

    /// <summary>The version that it runs.</summary>
    public string? OsVersion { get; init; }

    /// <summary>The checksum or image that it runs.</summary>
    public string? OsChecksum { get; init; }

    /// <summary>Its wariness, where it has one of its own.</summary>
    public double? RolloutWariness { get; init; }

    /// <summary>Whether it wants images, not ostree commits.</summary>
    public bool Oci { get; init; }

    /// <summary>The query with its question mark.</summary>
    internal string Format() => QueryParameters.Format(
    [
        ("basearch", BaseArchitecture),
        ("stream", Stream),
        ("os_checksum", OsChecksum),
        ("os_version", OsVersion),
        ("group", Group),
        ("node_uuid", NodeUuid),
        ("platform", Platform),
        ("rollout_wariness", RolloutWariness?.ToString("0.000000", CultureInfo.InvariantCulture)),
        ("oci", Oci ? "true" : null),
    ]);
}
