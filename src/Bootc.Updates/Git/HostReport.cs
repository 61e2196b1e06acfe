// What a host tells the owner of its fleet.
using System.Text.Json;

namespace Bootc.Updates.Git;

/// <summary>How a host is, as it is written to the status branch, and sent to the webhook.</summary>
/// <param name="Host">Its name.</param>
/// <param name="State">How it is.</param>
/// <param name="Message">That in words, and what is waited for.</param>
public sealed record HostReport(string Host, HostState State, string Message)
{
    /// <summary>What this is.</summary>
    public string Schema { get; init; } = "bootc.host-status/v1";

    /// <summary>When it was told.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The commit by which the host goes.</summary>
    public string? Commit { get; init; }

    /// <summary>Who signed that.</summary>
    public string? Signer { get; init; }

    /// <summary>Why nothing newer is accepted.</summary>
    public string? Problem { get; init; }

    /// <summary>The image that the host follows.</summary>
    public string? Image { get; init; }

    /// <summary>The digest of the image that it runs.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>The version of that.</summary>
    public string? Version { get; init; }

    /// <summary>In what it is not as it is to be.</summary>
    public IReadOnlyList<string>? Differences { get; init; }

    /// <summary>This as JSON.</summary>
    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, GitJson.Readable.HostReport), (byte)'\n'];

    /// <summary>What of this is news when it changes.</summary>
    internal string Content => Convert.ToBase64String((this with { Time = null }).ToJson());
}
