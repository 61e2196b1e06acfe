// bootc internals commit-signature
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Signatures;
using Bootc.Signatures.Commits;

namespace Bootc.Cli.Commands;

internal static class CommitSignatureCommand
{
    private const string CommitDescription = "The commit: a checksum or a ref; of a sysroot, also booted, staged, default or rollback";

    public static Command Create() => new DocumentedCommand("commit-signature", "Sign ostree commits, and check who has", CreateAdd(), CreateVerify());

    private static Command CreateAdd()
    {
        var commit = new Argument<string>("COMMIT") { Description = CommitDescription };
        var key = new Option<string>("--key") { Description = "The private key", HelpName = "FILE", Required = true };
        Option<string?> type = CreateTypeOption();
        var password = new Option<string?>("--passphrase-file") { Description = "A file whose first line is the key's password", HelpName = "FILE" };
        Option<string?> repo = OstreeContainerCommand.CreateRepoOption();
        var command = new DocumentedCommand("add", "Add a signature to a commit", commit, key, type, password, repo)
        {
            Details =
            [
                "The signature joins those in the commit's detached metadata, where libostree looks for it; the commit keeps its checksum. An image that is made of the commit (bootc internals ostree-container encapsulate) has the signatures that it has then.",
                "The key file has, for ed25519, base64 of the 64 bytes of seed and public key; for spki, PKCS #8 in PEM format, of an ECDSA, RSA or Ed25519 key; for gpg, a secret key as 'gpg --export-secret-keys' writes it.",
            ],
            Examples =
            [
                ("bootc internals commit-signature add --repo repo --type spki --key key.pem os/stable", "Sign the commit of a ref."),
                ("bootc internals commit-signature add --type ed25519 --key secret booted", "Sign what runs, as an initramfs with composefs.enabled=signed asks."),
            ],
        };
        command.SetAction(parsed =>
        {
            CommitSigner signer = CommitSigner.Load(ReadType(parsed.GetValue(type)!), File.ReadAllBytes(parsed.GetRequiredValue(key)), () => ImageSignCommand.ReadPassword(parsed.GetValue(password)));
            using Sysroot? sysroot = parsed.GetValue(repo) is null ? OpenSysroot.ForWriting(parsed, "internals commit-signature add") : null;
            using SysrootLock? held = sysroot?.Lock(ErrorReport.Log, CancellationToken.None);
            using Repository? opened = parsed.GetValue(repo) is { } path ? Repository.Open(path) : null;
            Repository repository = opened ?? sysroot!.Repository;
            Checksum checksum = OstreeContainerCommand.FindCommit(sysroot, repository, parsed.GetRequiredValue(commit));
            signer.Sign(repository, checksum);
            Console.Out.WriteLine($"Signed {checksum} by {signer.Name}");
        });
        return command;
    }

    private static Command CreateVerify()
    {
        var commit = new Argument<string>("COMMIT") { Description = CommitDescription };
        var remote = new Option<string?>("--ostree-remote") { Description = "Ask for what the settings of this remote ask, by its keys", HelpName = "NAME" };
        Option<string?> type = CreateTypeOption();
        var keys = new Option<string?>("--keys") { Description = "The public keys, instead of those that the host trusts", HelpName = "FILE" };
        Option<string?> repo = OstreeContainerCommand.CreateRepoOption();
        var command = new DocumentedCommand("verify", "Check that a commit is signed", commit, remote, type, keys, repo)
        {
            Details =
            [
                "Either the settings of an ostree remote say which signatures are asked for (gpg-verify, sign-verify, verification-ed25519-key and so on, ostree.repo-config(5)), or one good signature of the kind is: by a key of the file, or one that the host trusts: of /etc/ostree and /usr/share/ostree, the files trusted.ed25519, trusted.spki and those in the directories of these names with .d, but for what is in revoked.ed25519 and revoked.spki; for gpg, of /usr/share/ostree/trusted.gpg.d.",
                "The file has, for ed25519, a line of base64 for each key; for spki, public keys in PEM format; for gpg, a keyring. The exit code is 0 when the commit is signed, and 1 otherwise.",
            ],
            Examples =
            [
                ("bootc internals commit-signature verify --ostree-remote fedora booted", "Check what runs by the keys of a remote."),
                ("bootc internals commit-signature verify --repo repo --type gpg --keys keyring.gpg os/stable", "Check a commit by a keyring."),
            ],
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(remote) is not null && (result.GetResult(type) is { Implicit: false } || result.GetValue(keys) is not null))
            {
                result.AddError("--ostree-remote says which signatures and keys count: it does not go together with --type and --keys");
            }
        });
        command.SetAction(parsed =>
        {
            using Sysroot? sysroot = parsed.GetValue(repo) is null ? OpenSysroot.ForReading(parsed) : null;
            using Repository? opened = parsed.GetValue(repo) is { } path ? Repository.Open(path) : null;
            Repository repository = opened ?? sysroot!.Repository;
            Checksum checksum = OstreeContainerCommand.FindCommit(sysroot, repository, parsed.GetRequiredValue(commit));
            foreach (SignatureEvidence evidence in Verify(repository, checksum, parsed.GetValue(remote), ReadType(parsed.GetValue(type)!), parsed.GetValue(keys)))
            {
                Console.Out.WriteLine($"{checksum} is {evidence}");
            }
        });
        return command;
    }

    private static IEnumerable<SignatureEvidence> Verify(Repository repository, Checksum commit, string? remote, CommitSignatureKind kind, string? file) => remote is not null
        ? RemoteTrust.Load(repository, remote, "/").Verify(repository, commit).Select(result => result.Evidence!)
        : [(file is null ? CommitKeys.OfHost(kind, "/") : CommitKeys.FromFile(kind, file)).Verify(repository, commit)];

    private static Option<string?> CreateTypeOption() => new Option<string?>("--type")
    {
        Description = "The kind of signature: ed25519, spki or gpg",
        DefaultValueFactory = _ => CommitSignatures.NameOf(CommitSignatureKind.Ed25519),
        HelpName = "TYPE",
    }.OneOf([.. CommitSignatures.Kinds.Select(CommitSignatures.NameOf)]);

    private static CommitSignatureKind ReadType(string name) => CommitSignatures.Kinds.First(kind => CommitSignatures.NameOf(kind) == name);
}
