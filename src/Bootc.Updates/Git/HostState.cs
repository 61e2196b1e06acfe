// How a host is that a repository leads.
using System.Text.Json.Serialization;

namespace Bootc.Updates.Git;

/// <summary>How a host is.</summary>
public enum HostState
{
    /// <summary>It is as its documents want it.</summary>
    [JsonStringEnumMemberName("inSync")]
    InSync,

    /// <summary>It is about to become so.</summary>
    [JsonStringEnumMemberName("pending")]
    Pending,

    /// <summary>It will be with its next reboot.</summary>
    [JsonStringEnumMemberName("staged")]
    Staged,

    /// <summary>It did not take what its documents want, and waits for others.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>It was changed otherwise, and is left so.</summary>
    [JsonStringEnumMemberName("drifted")]
    Drifted,

    /// <summary>Its documents want it to be left alone.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    /// <summary>No document is for it.</summary>
    [JsonStringEnumMemberName("unmanaged")]
    Unmanaged,

    /// <summary>It could not find out.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,
}
