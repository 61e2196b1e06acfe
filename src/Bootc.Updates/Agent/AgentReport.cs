// What the agent writes down of itself: to take up its work after a restart, and for whoever asks how it is.
using System.Text.Json;
using System.Text.Json.Serialization;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>The state of an agent in <c>/run/bootc/agent.json</c>, which a reboot ends.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Since">Since when.</param>
/// <param name="Status">What it does or waits for, in one line.</param>
public sealed record AgentReport(AgentStateKind State, DateTimeOffset Since, string Status)
{
    /// <summary>The version that the host is about to go to.</summary>
    public string? TargetVersion { get; init; }

    /// <summary>Its place in the graph.</summary>
    public long? TargetAge { get; init; }

    /// <summary>Its image, <c>REPOSITORY@DIGEST</c>.</summary>
    public string? TargetImage { get; init; }

    /// <summary>How often in a row it could not be staged.</summary>
    public int FailedAttempts { get; init; }

    /// <summary>How often the reboot will still be put off for users who are logged in.</summary>
    public int PostponementsLeft { get; init; }

    /// <summary>What the host follows.</summary>
    public string? Follows { get; init; }

    /// <summary>When the host may reboot, by the name of the strategy.</summary>
    public string? Strategy { get; init; }

    /// <summary>When the agent did something last.</summary>
    public DateTimeOffset? Updated { get; init; }

    /// <summary>When it does something next.</summary>
    public DateTimeOffset? Next { get; init; }

    /// <summary>Why no update leads away from what the host runs.</summary>
    public string? DeadEnd { get; init; }

    /// <summary>How the host is, where a repository leads it: the commit that was accepted, who signed it, and in what the host differs.</summary>
    public Git.HostReport? Git { get; init; }

    /// <summary>The state that this tells of.</summary>
    [JsonIgnore]
    public AgentState AsState => new(State, Since)
    {
        Status = Status,
        FailedAttempts = FailedAttempts,
        PostponementsLeft = PostponementsLeft,
        Target = TargetImage is null ? null : new GraphNode(TargetVersion ?? "", TargetAge ?? 0) { Payload = TargetImage, Scheme = GraphNode.OciScheme },
    };

    /// <summary>This as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, AgentJson.Default.AgentReport);

    /// <summary>What there is to tell of a state.</summary>
    public static AgentReport Of(AgentState state) => new(state.Kind, state.Since, state.Status)
    {
        TargetVersion = state.Target?.Version,
        TargetAge = state.Target?.Age,
        TargetImage = state.Target?.Payload,
        FailedAttempts = state.FailedAttempts,
        PostponementsLeft = state.PostponementsLeft,
    };
}
