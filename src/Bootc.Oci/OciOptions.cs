// Where settings and credentials are, and how patient the network is used.
namespace Bootc.Oci;

/// <summary>How images are fetched.</summary>
public sealed record OciOptions
{
    internal const int DefaultConnectionsPerHost = 6;

    /// <summary>The directory whose <c>etc</c>, <c>run</c> and <c>usr/lib</c> hold settings and credentials.</summary>
    public string Root { get; init; } = "/";

    /// <summary>A file of credentials that is used instead of those at the usual paths.</summary>
    public string? AuthFile { get; init; }

    /// <summary>A registries.conf that is used instead of the one at the usual path.</summary>
    public string? RegistriesConf { get; init; }

    /// <summary>The user's own directory, for settings and credentials there; none where another root's settings count.</summary>
    internal string? Home => Root == "/" && Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : null;

    /// <summary>Where content goes that cannot be read as a stream: TMPDIR or, since that may be large, <c>/var/tmp</c>.</summary>
    public string TemporaryDirectory { get; init; } = Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } set ? set : "/var/tmp";

    /// <summary>How often a request is tried.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The first pause between two tries; it doubles each time.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How many connections there are to one registry at the most.</summary>
    public int ConnectionsPerHost { get; init; } = DefaultConnectionsPerHost;

    /// <summary>
    /// The directory in which the beginning of a large blob is kept that takes long to fetch, so that a run that ends before
    /// it is there is no loss; <see langword="null"/> for nowhere.
    /// </summary>
    public string? PartialBlobs { get; init; }

    /// <summary>Keeps what comes from registries for who reads it again; <see langword="null"/> where nobody does.</summary>
    public BlobSpool? Spool { get; init; }

    /// <summary>How long a blob must be expected to take for its beginning to be kept.</summary>
    public TimeSpan KeepPartialAfter { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long nothing may come before a connection counts as broken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
