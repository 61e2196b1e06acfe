// What an ostree remote's settings ask of the commits that are said to be its.
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Signatures.Policy;

namespace Bootc.Signatures.Commits;

/// <summary>
/// The verification of commits by a remote's keys, as libostree does it (ostree.repo-config(5)): by OpenPGP where <c>gpg-verify</c>
/// is not false, and by the kinds that <c>sign-verify</c> names, or any of them where it is true. Where both are asked for, both
/// must be met.
/// </summary>
public sealed class RemoteTrust
{
    private const string RemotesDirectory = "etc/ostree/remotes.d";
    private static readonly CommitSignatureKind[] BareKinds = [CommitSignatureKind.Ed25519, CommitSignatureKind.Spki];
    private readonly CommitKeys? _gpg;
    private readonly IReadOnlyList<CommitKeys> _others;

    private RemoteTrust(string remote, CommitKeys? gpg, IReadOnlyList<CommitKeys> others)
    {
        Remote = remote;
        _gpg = gpg;
        _others = others;
    }

    /// <summary>The remote's name.</summary>
    public string Remote { get; }

    /// <summary>Reads a remote's settings and keys: from the repository's <c>config</c>, or a file of <c>/etc/ostree/remotes.d</c>.</summary>
    /// <param name="repository">The repository, whose directory may have the remote's keyring.</param>
    /// <param name="remote">The remote's name.</param>
    /// <param name="root">The root of the host's file system.</param>
    /// <param name="clock">What time it is, for keys that expire.</param>
    /// <exception cref="TrustRootException">There is no such remote, it asks for no verification, or its keys cannot be used.</exception>
    public static RemoteTrust Load(Repository repository, string remote, string root, TimeProvider? clock = null)
    {
        try
        {
            var settings = new Settings(repository, remote, root);
            CommitKeys? gpg = settings.GetBoolean("gpg-verify") ?? true ? LoadGpg(settings, clock) : null;
            IReadOnlyList<CommitKeys> others = LoadOthers(settings);
            return gpg is null && others.Count == 0
                ? throw new TrustRootException($"the ostree remote {remote} asks for no signatures: it has neither gpg-verify nor sign-verify")
                : new RemoteTrust(remote, gpg, others);
        }
        catch (FormatException e)
        {
            throw new TrustRootException($"the settings of the ostree remote {remote} are malformed: {e.Message}", e);
        }
    }

    /// <summary>Checks the signatures of a commit of a repository.</summary>
    /// <exception cref="InvalidSignatureException">It is not signed as the remote asks.</exception>
    /// <exception cref="OstreeException">The commit is not there, or damaged.</exception>
    public IReadOnlyList<RequirementResult> Verify(Repository repository, Checksum commit) => Verify(CommitSignatures.LoadSigned(repository, commit), repository.LoadDetachedMetadata(commit));

    /// <summary>Checks the signatures of a commit.</summary>
    /// <param name="commit">The commit's serialized bytes.</param>
    /// <param name="metadata">Its detached metadata, if it has any.</param>
    /// <returns>What was asked, and who has signed.</returns>
    /// <exception cref="InvalidSignatureException">It is not signed as the remote asks.</exception>
    public IReadOnlyList<RequirementResult> Verify(ReadOnlyMemory<byte> commit, VariantDictionary? metadata)
    {
        var results = new List<RequirementResult>();
        if (_gpg is not null)
        {
            results.Add(ResultOf(_gpg, _gpg.Verify(commit, metadata)));
        }

        if (_others.Count > 0)
        {
            results.Add(VerifyByAny(commit, metadata));
        }

        return results;
    }

    private RequirementResult VerifyByAny(ReadOnlyMemory<byte> commit, VariantDictionary? metadata)
    {
        var reasons = new List<string>();
        foreach (CommitKeys keys in _others)
        {
            try
            {
                return ResultOf(keys, keys.Verify(commit, metadata));
            }
            catch (InvalidSignatureException e)
            {
                reasons.Add(e.Message);
            }
        }

        throw new InvalidSignatureException(string.Join("; ", reasons));
    }

    private RequirementResult ResultOf(CommitKeys keys, SignatureEvidence evidence) => new(new RemoteSigned(Remote, CommitSignatures.NameOf(keys.Kind)), true, evidence, null);

    // A keyring of the remote's own counts instead of those of the host; keys that it names count besides.
    private static GpgCommitKeys LoadGpg(Settings settings, TimeProvider? clock)
    {
        string? own = settings.FindKeyring();
        string[] named = [.. settings.GetList("gpgkeypath", ';', ',').SelectMany(path => Directory.Exists(path) ? GpgCommitKeys.FilesOf(path, "*") : [path])];
        string[] files = [.. own is null ? GpgCommitKeys.FilesOfHost(settings.Root) : [own], .. named];
        return files.Length > 0
            ? GpgCommitKeys.FromFiles(files, clock)
            : throw new TrustRootException($"the ostree remote {settings.Remote} asks for OpenPGP signatures, and has no keyring: neither {settings.KeyringName} nor a gpgkeypath, nor has the host one");
    }

    private static IReadOnlyList<CommitKeys> LoadOthers(Settings settings)
    {
        const string Key = "sign-verify";
        switch (settings.GetString(Key))
        {
            case null or "" or "false" or "0":
                return [];
            case "true" or "1":
                CommitKeys[] all = [.. BareKinds.Select(kind => TryLoadOwn(settings, kind) ?? BareCommitKeys.TryOfHost(kind, settings.Root)).OfType<CommitKeys>()];
                return all.Length > 0 ? all : throw new TrustRootException($"the ostree remote {settings.Remote} asks for signatures, and neither it nor the host has keys for them");
            default:
                return [.. settings.GetList(Key, ';').Select(name => LoadNamed(settings, name))];
        }
    }

    private static BareCommitKeys? TryLoadOwn(Settings settings, CommitSignatureKind kind)
    {
        string name = CommitSignatures.NameOf(kind);
        string? path = settings.GetString($"verification-{name}-file");
        string? key = settings.GetString($"verification-{name}-key");
        return path is null && key is null ? null : BareCommitKeys.OfRemote(kind, path, key, $"the ostree remote {settings.Remote}");
    }

    private static BareCommitKeys LoadNamed(Settings settings, string name)
    {
        int index = Array.FindIndex(BareKinds, kind => CommitSignatures.NameOf(kind) == name);
        return index < 0
            ? throw new TrustRootException($"the ostree remote {settings.Remote} asks for signatures of the kind '{name}', which is not supported")
            : TryLoadOwn(settings, BareKinds[index]) ?? throw new TrustRootException($"the ostree remote {settings.Remote} asks for signatures of the kind {name}, and has no verification-{name}-file or -key");
    }

    /// <summary>A remote's group in the repository's settings, or in a file of its own.</summary>
    private sealed class Settings
    {
        private readonly Repository _repository;
        private readonly KeyFile _file;
        private readonly string _group;

        public Settings(Repository repository, string remote, string root)
        {
            _repository = repository;
            _group = $"remote \"{remote}\"";
            Remote = remote;
            Root = root;
            _file = Find() ?? throw new TrustRootException($"there is no ostree remote {remote}, neither in the repository {repository} nor in /{RemotesDirectory}");
        }

        public string Remote { get; }

        public string Root { get; }

        public string KeyringName => $"{Remote}.trustedkeys.gpg";

        public string? GetString(string key) => _file.GetString(_group, key)?.Trim();

        public bool? GetBoolean(string key) => _file.GetBoolean(_group, key);

        public string[] GetList(string key, params char[] separators) => (GetString(key) ?? "").Split(separators, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

        /// <summary>The remote's keyring, in the repository or beside the files of remotes.</summary>
        public string? FindKeyring()
        {
            if (Remote.Contains('/'))
            {
                throw new TrustRootException($"'{Remote}' is no name of an ostree remote");
            }

            string[] places = [Path.Combine(_repository.Directory.ProcPath, KeyringName), Path.Combine(Root, RemotesDirectory, KeyringName)];
            return places.FirstOrDefault(File.Exists);
        }

        private KeyFile? Find()
        {
            if (_repository.Config.File.HasGroup(_group))
            {
                return _repository.Config.File;
            }

            foreach (string path in GpgCommitKeys.FilesOf(Path.Combine(Root, RemotesDirectory), "*.conf"))
            {
                if (KeyFile.Parse(File.ReadAllText(path)) is { } file && file.HasGroup(_group))
                {
                    return file;
                }
            }

            return null;
        }
    }
}
