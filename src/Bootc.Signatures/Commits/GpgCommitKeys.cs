// gpg: keyrings of OpenPGP keys.
using Bootc.Signatures.OpenPgp;
using Bootc.Signatures.Policy;

namespace Bootc.Signatures.Commits;

/// <summary>Keyrings whose keys may sign commits, as <c>ostree gpg-sign</c> does: by signatures that stand apart from what they are of.</summary>
internal sealed class GpgCommitKeys : CommitKeys
{
    private const string HostKeyrings = "usr/share/ostree/trusted.gpg.d";
    private readonly KeyRing _keys;
    private readonly TimeProvider _clock;

    private GpgCommitKeys(KeyRing keys, TimeProvider? clock)
    {
        _keys = keys;
        _clock = clock ?? TimeProvider.System;
    }

    public override CommitSignatureKind Kind => CommitSignatureKind.Gpg;

    /// <exception cref="TrustRootException">A keyring cannot be read, or there is no key.</exception>
    public static GpgCommitKeys FromFiles(string[] paths, TimeProvider? clock = null) => new(KeyRing.Load(KeySource.OfFiles(paths)), clock);

    /// <exception cref="TrustRootException">A keyring cannot be read, or there is none.</exception>
    public static GpgCommitKeys OfHost(string root, TimeProvider? clock = null) => FilesOfHost(root) is { Length: > 0 } files
        ? FromFiles(files, clock)
        : throw new TrustRootException($"there is no keyring in /{HostKeyrings}");

    /// <summary>The keyrings that a host trusts whatever the remote.</summary>
    public static string[] FilesOfHost(string root) => FilesOf(Path.Combine(root, HostKeyrings), "*.gpg");

    /// <summary>The files of a directory, in order; none where there is no such directory.</summary>
    public static string[] FilesOf(string directory, string pattern) =>
        Directory.Exists(directory) ? [.. Directory.EnumerateFiles(directory, pattern).Order(StringComparer.Ordinal)] : [];

    private protected override string VerifyOne(ReadOnlyMemory<byte> commit, ReadOnlyMemory<byte> signature) =>
        $"the OpenPGP key {_keys.VerifyDetached(commit.Span, signature, _clock.GetUtcNow())}";
}
