// bootc internals sigstore
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Signatures.Sigstore.Bundles;

namespace Bootc.Cli.Commands;

internal static class SigstoreCommand
{
    public static Command Create() => new DocumentedCommand("sigstore", "Check signatures of files by Sigstore", CreateVerifyBundle()) { UsesSysroot = false };

    private static Command CreateVerifyBundle()
    {
        var root = new Option<string?>("--trusted-root") { Description = $"The authorities and logs that count: a trusted_root.json, instead of /{TrustedRoot.HostPath} or that of Sigstore's public-good instance", HelpName = "FILE" };
        var bundle = new Option<string>("--bundle") { Description = "The bundle, of version 0.1, 0.2 or 0.3", HelpName = "FILE", Required = true };
        var key = new Option<string?>("--key") { Description = "The public key that must have signed, in PEM format", HelpName = "FILE" };
        var identity = new Option<string?>("--certificate-identity") { Description = "The e-mail address, URI or user name that the signer's certificate must have", HelpName = "ID" };
        var issuer = new Option<string?>("--certificate-oidc-issuer") { Description = "Where the signer must have logged in", HelpName = "URL" };
        var artifact = new Argument<string>("ARTIFACT") { Description = "The file that must have been signed, or be what a signed statement is about; or its digest, sha256:HEX, where the file is not at hand" };
        var command = new DocumentedCommand("verify-bundle", "Check that a bundle proves who has signed a file", root, key, identity, issuer, bundle, artifact)
        {
            UsesSysroot = false,
            Details =
            [
                "The bundle must have a good signature of the file itself, or of an in-toto statement about it, by the key or by someone with a certificate for the identity. A log of the trusted root must have it (Rekor, either version), with a proof of that in the bundle.",
                "A certificate must have been given by an authority of the trusted root, have been logged itself, and have been valid at the time of each promise of a log and each timestamp in the bundle.",
                $"Without --trusted-root, that of the host counts, /{TrustedRoot.HostPath}, or where there is none, that of Sigstore's public-good instance (https://sigstore.dev) as it was when this program was made.",
                "All that the bundle has must be good: one bad entry or timestamp is enough to refuse it. No network is used. The exit code is 0 when the bundle is good, and 1 otherwise.",
            ],
            Examples =
            [
                ("bootc internals sigstore verify-bundle --trusted-root trusted_root.json --key cosign.pub --bundle file.sigstore.json file", "Check a signature by a key."),
                ("bootc internals sigstore verify-bundle --certificate-identity me@example.com --certificate-oidc-issuer https://accounts.example.com --bundle file.sigstore.json file", "Check a signature by someone who logged in."),
            ],
        };
        command.Validators.Add(result =>
        {
            bool hasKey = result.GetValue(key) is not null;
            bool hasIdentity = result.GetValue(identity) is not null;
            bool hasIssuer = result.GetValue(issuer) is not null;
            if (hasKey ? hasIdentity || hasIssuer : !hasIdentity || !hasIssuer)
            {
                result.AddError("either --key is needed, or --certificate-identity and --certificate-oidc-issuer");
            }
        });
        command.SetAction(parsed =>
        {
            ExpectedSigner signer = parsed.GetValue(key) is { } file
                ? ExpectedSigner.OfKey(File.ReadAllBytes(file), file)
                : ExpectedSigner.OfIdentity(parsed.GetValue(identity)!, parsed.GetValue(issuer)!);
            var verifier = new BundleVerifier(parsed.GetValue(root) is { } path ? TrustedRoot.Load(path) : TrustedRoot.OfHost("/"));
            BundleEvidence evidence = verifier.Verify(SigstoreBundle.Load(parsed.GetRequiredValue(bundle)), signer, SignedArtifact.FromFileOrDigest(parsed.GetRequiredValue(artifact)));
            Console.Out.WriteLine($"{parsed.GetValue(artifact)} is {evidence}");
        });
        return command;
    }
}
