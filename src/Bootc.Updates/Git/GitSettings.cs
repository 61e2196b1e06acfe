// What a host is told of the repository that leads it: the section [updates.git] of the agent's settings.
namespace Bootc.Updates.Git;

/// <summary>The repository that leads a host, and how far it is trusted.</summary>
public sealed record GitSettings
{
    /// <summary>Where it is (<c>url</c>).</summary>
    public string? Url { get; init; }

    /// <summary>The branch (<c>branch</c>).</summary>
    public string Branch { get; init; } = "main";

    /// <summary>The folder with the documents (<c>path</c>); <c>/</c> for all of the repository.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The file of SSH keys that may sign (<c>allowed_signers</c>), in the form of ssh-keygen(1).</summary>
    public string? AllowedSigners { get; init; }

    /// <summary>The file of OpenPGP keys that may sign (<c>gpg_keyring</c>).</summary>
    public string? GpgKeyring { get; init; }

    /// <summary>The private key for ssh (<c>ssh_key</c>); those of root unless it is given.</summary>
    public string? SshKey { get; init; }

    /// <summary>The keys of servers for ssh (<c>known_hosts</c>); those of root and the system unless it is given.</summary>
    public string? KnownHosts { get; init; }

    /// <summary>The names and passwords for https (<c>credentials</c>), in the form of git-credential-store(1).</summary>
    public string? Credentials { get; init; }

    /// <summary>The host's name in documents (<c>host</c>); its host name unless it is given.</summary>
    public string? Host { get; init; }

    /// <summary>The host's labels (<c>labels</c>).</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether what changed on the host against its documents is changed back (<c>drift = "heal"</c>), or only told of (<c>"report"</c>).</summary>
    public bool HealsDrift { get; init; } = true;

    /// <summary>Whether the branch may go back to, or aside from, what was accepted (<c>allow_rollback</c>).</summary>
    public bool AllowsRollback { get; init; }

    /// <summary>When the host may reboot, besides what its documents say (<c>reboot</c>): immediate, periodic or fleet_lock.</summary>
    public string Reboot { get; init; } = "immediate";

    /// <summary>How often the repository is asked (<c>interval_secs</c>).</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long one conversation with it may take (<c>timeout_secs</c>).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How much one fetch may bring, in MiB (<c>max_mib</c>).</summary>
    public int MaximumMebibytes { get; init; } = 256;

    /// <summary>Where the host tells how it is (<c>status.to</c>): none, branch or webhook.</summary>
    public string Status { get; init; } = "none";

    /// <summary>The branch for that (<c>status.branch</c>).</summary>
    public string StatusBranch { get; init; } = "bootc-status";

    /// <summary>The URL for that (<c>status.url</c>): of the webhook, or of another repository for the branch.</summary>
    public string? StatusUrl { get; init; }

    /// <summary>The file with the token that is shown to the webhook (<c>status.token_file</c>).</summary>
    public string? StatusTokenFile { get; init; }

    /// <summary>How often the host tells of changes at the most (<c>status.interval_secs</c>).</summary>
    public TimeSpan StatusInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What is missing, or does not go together.</summary>
    /// <exception cref="UpdatesException">Something is.</exception>
    public void Require()
    {
        string? fault = Url is null ? "has no repository (updates.git.url)"
            : AllowedSigners is null && GpgKeyring is null ? "has no keys that sign its commits (updates.git.allowed_signers or updates.git.gpg_keyring)"
            : Status == "branch" && StatusUrl is null && StatusBranch == Branch ? "would write the host's status to the branch that it follows (updates.git.status.branch)"
            : Status == "branch" && StatusUrl is { } place && GitNames.DescribeUrl(place) is { } wrong ? $"has a repository for the status (updates.git.status.url) that {wrong}"
            : Status == "webhook" && (StatusUrl is null || !Uri.TryCreate(StatusUrl, UriKind.Absolute, out Uri? hook) || hook.Scheme is not ("http" or "https")) ? "has no URL of http or https for the webhook (updates.git.status.url)"
            : null;
        if (fault is not null)
        {
            throw new UpdatesException($"the strategy git {fault}");
        }
    }
}
