// bootc graph push
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Oci;
using Bootc.Oci.Registry;
using Bootc.Signatures.Signing;
using Bootc.Updates.Graph;

namespace Bootc.Cli.Commands;

internal static class GraphPushCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The document" };
        var target = new Option<string?>("--to") { Description = "The image that hosts follow, NAME[:TAG], instead of the document's repository and stream", HelpName = "IMAGE" };
        var key = new Option<string?>("--key") { Description = "The private key that signs the graph, in PEM format: PKCS #8, or as cosign and skopeo make them", HelpName = "FILE" };
        var unsigned = new Option<bool>("--unsigned") { Description = "Do not sign the graph" };
        var password = new Option<string?>("--passphrase-file") { Description = "A file whose first line is the key's password", HelpName = "FILE" };
        var bundle = new Option<bool>("--bundle") { Description = "Put a Sigstore bundle beside the graph, too, as cosign does since version 3" };
        Option<string?> authFile = LoginCommand.AuthFile("Use the credentials in FILE instead of those at the usual places");
        var command = new DocumentedCommand("push", "Put a graph beside the images that it leads to", file, target, key, unsigned, password, bundle, authFile)
        {
            UsesSysroot = false,
            Details =
            [
                "Hosts that follow the image NAME:TAG, and have no graph in their settings, find the graph as NAME:TAG.graph and follow it. It counts under the same signature policy as the image: where that must be signed, the graph must be, too.",
                $"The graph is an OCI artifact of the type {GraphArtifact.Type}, which refers to the newest of its images. It is signed as 'bootc image sign' signs images, and cosign and skopeo verify it so.",
            ],
            Examples =
            [
                ("bootc graph push --key cosign.key stable.yaml", "Publish a graph in the repository that it names, for hosts that follow the tag of its stream."),
                ("bootc graph push --key cosign.key --to registry.example.com/os:latest stable.yaml", "For hosts that follow another tag."),
            ],
        };
        command.Exclude(unsigned, key);
        command.Validators.Add(result =>
        {
            if (result.GetValue(key) is null && !result.GetValue(unsigned))
            {
                result.AddError("--key says who signs the graph; --unsigned is for a graph that nobody signs");
            }

            if (result.GetValue(key) is null && result.GetValue(bundle))
            {
                result.AddError("--bundle needs --key");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            string path = parsed.GetRequiredValue(file);
            RegistryReference? followed = parsed.GetValue(target) is { } name ? RegistryReference.Parse(name) : null;
            SigningKey? signing = parsed.GetValue(key) is { } keyFile ? SigningKey.FromPem(File.ReadAllBytes(keyFile), () => ImageSignCommand.ReadPassword(parsed.GetValue(password))) : null;
            var client = new RegistryClient(new OciOptions { AuthFile = parsed.GetValue(authFile) });
            PushedGraph pushed = await GraphArtifact.PushAsync(File.ReadAllText(path), path, followed, client, signing, parsed.GetValue(bundle), cancellation);
            Console.Out.WriteLine($"Pushed {pushed.Digest} to {pushed.Place}{(pushed.Signer is { } signer ? $", signed by {signer}" : ", not signed")}");
            Console.Out.WriteLine(pushed.Subject is { } subject ? $"It refers to {subject}" : "The repository has none of its images yet, so it refers to none");
            return 0;
        });
        return command;
    }
}
