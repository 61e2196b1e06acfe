// bootc image sign
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Oci;
using Bootc.Oci.Registry;
using Bootc.Signatures.Signing;

namespace Bootc.Cli.Commands;

internal static class ImageSignCommand
{
    private const string PasswordVariable = "COSIGN_PASSWORD";

    public static Command Create()
    {
        var image = new Argument<string>("IMAGE") { Description = "The image in a registry: NAME[:TAG] or NAME@DIGEST" };
        var key = new Option<string>("--key") { Description = "The private key, in PEM format: PKCS #8, or as cosign and skopeo make them", HelpName = "FILE", Required = true };
        var password = new Option<string?>("--passphrase-file") { Description = "A file whose first line is the key's password", HelpName = "FILE" };
        var identity = new Option<string?>("--sign-identity") { Description = "The name to sign the image under, instead of its own", HelpName = "NAME" };
        var bundle = new Option<bool>("--bundle") { Description = "Put a Sigstore bundle beside the image, too, as cosign does since version 3" };
        var command = new DocumentedCommand("sign", "Sign an image in a registry", image, key, password, identity, bundle)
        {
            UsesSysroot = false,
            Details =
            [
                "The signature is put beside the image, where cosign, podman and skopeo look for it: under the tag sha256-DIGEST.sig. Those that are there already stay. Of an index, the index is signed.",
                "A bundle (version 0.3) refers to the image as the OCI has it, and says by which digest the image was signed, not under which name. Such bundles are looked for where registries.d has 'use-sigstore-bundles: true', a setting of this program.",
                $"A key that is locked is unlocked by the password in ${PasswordVariable} or in the file, or the password is asked for.",
                "Policies compare the name under which an image was signed (signedIdentity in containers-policy.json(5)): by default, it is that of the image with its tag.",
            ],
            Examples =
            [
                ("bootc image sign --key cosign.key registry.example.com/os:stable", "Sign what a tag stands for now."),
                ("bootc image sign --key key.pem --sign-identity registry.example.com/os:stable mirror.example.com/os@sha256:...", "Sign the copy in a mirror under the name that users know."),
            ],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reference = RegistryReference.Parse(parsed.GetRequiredValue(image));
            SigningKey signing = SigningKey.FromPem(File.ReadAllBytes(parsed.GetRequiredValue(key)), () => ReadPassword(parsed.GetValue(password)));
            var signer = new ImageSigner(new RegistryClient(new OciOptions()), signing);
            string name = parsed.GetValue(identity) ?? (reference.Digest is null && reference.Tag is null ? $"{reference}:{reference.Reference}" : reference.ToString());
            (Oci.Model.Digest digest, string by, RegistryReference attachment) = await signer.SignAsync(reference, name, cancellation);
            Console.Out.WriteLine($"Signed {digest} as {name} by {by}; the signature is at {attachment}");
            if (parsed.GetValue(bundle))
            {
                // What the tag stands for by now may be another image.
                (_, RegistryReference place) = await signer.SignBundleAsync(reference with { Tag = null, Digest = digest }, cancellation);
                Console.Out.WriteLine($"The bundle is at {place}");
            }

            return 0;
        });
        return command;
    }

    internal static string ReadPassword(string? file)
    {
        if (file is not null)
        {
            return File.ReadLines(file).FirstOrDefault() ?? "";
        }

        if (Environment.GetEnvironmentVariable(PasswordVariable) is { } password)
        {
            return password;
        }

        return Console.IsInputRedirected
            ? throw new SigningKeyException($"the key is locked, and there is no terminal to ask for its password on: give it by --passphrase-file or ${PasswordVariable}")
            : PasswordPrompt.Ask("Password of the key: ");
    }
}
