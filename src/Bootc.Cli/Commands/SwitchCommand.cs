// bootc switch
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Layering;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

internal static class SwitchCommand
{
    public static Command Create()
    {
        var image = new Argument<string>("IMAGE") { Description = "The image: NAME[:TAG] or NAME@DIGEST in a registry, PATH[:TAG] for other transports" };
        var transport = TransportOption.Create("--transport", "the image");
        var retain = new Option<bool>("--retain") { Description = "Keep the image that was followed before, and all deployments" };
        var reboot = new RebootOptions("Reboot into the new deployment when it is ready");
        var inPlace = new Option<bool>("--mutate-in-place") { Description = "Only change which image the current deployment follows; fetch nothing" };
        var verify = new Option<bool>("--enforce-container-sigpolicy") { Description = "Refuse the image unless the containers policy asks for its signature and finds it good" };
        var remote = new Option<string?>("--ostree-remote") { Description = "Refuse the image unless it holds an ostree commit that is signed as the settings of this remote ask", HelpName = "NAME" };
        var ignored = new Option<bool>("--no-signature-verification") { Hidden = true }; // bootc has it for old scripts, and ignores it
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("switch", "Fetch another image, boot it next, and follow it from then on", image, transport, retain, reboot.Apply, reboot.Soft, inPlace, verify, remote, ignored)
        {
            Details =
            [
                "The image becomes a deployment of its own, with /etc carried over from the current one. What runs now is not touched: it stays as the deployment to roll back to. /var is shared by all deployments.",
                "With --ostree-remote, the image must hold an ostree commit and nothing on top of it, and the keys of the remote vouch for the commit: gpg-verify, sign-verify and the keys are set in the repository's config or in /etc/ostree/remotes.d (ostree.repo-config(5)). This holds for all upgrades from then on.",
                "Layers that the host has already are not fetched again. A run that was interrupted changes nothing, and the next run takes up what it fetched.",
            ],
            Examples =
            [
                ("bootc switch registry.example.com/os:stable", "Follow an image in a registry."),
                ("bootc switch --apply registry.example.com/os:testing", "Follow another tag, and reboot into it at once."),
                ("bootc switch --transport containers-storage localhost/os:1", "Take an image that podman built on this machine."),
                ("bootc switch --transport docker-daemon localhost/os:1", "Take an image that a container engine has, as 'bootc image build' leaves it."),
                ("bootc switch --transport oci /media/usb/os:stable", "Take the image from an OCI layout in a directory."),
            ],
        };
        progress.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(verify) && result.GetValue(remote) is not null)
            {
                result.AddError("--enforce-container-sigpolicy and --ostree-remote do not go together: each asks for other signatures");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            ImageReference reference = ReadReference(parsed.GetValue(transport) ?? TransportOption.Default, parsed.GetRequiredValue(image));
            SignatureVerification verification = parsed.GetValue(verify) ? SignatureVerification.ContainerPolicy
                : parsed.GetValue(remote) is not null ? SignatureVerification.OstreeRemote
                : SignatureVerification.ContainerPolicyAllowInsecure;
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "switch");
            reboot.Check(parsed, sysroot);
            OperationOutcome outcome = await progress.CreateView(parsed).RunAsync(async view =>
            {
                var options = new OciOptions();
                ImageReference full = await ImageName.ResolveAsync(reference, options, view.Message, cancellation);
                return await new SwitchOperation(sysroot, options, view)
                {
                    Target = new OstreeImageReference(verification, parsed.GetValue(remote), full),
                    Retain = parsed.GetValue(retain),
                    MutateInPlace = parsed.GetValue(inPlace),
                    Deriver = new PackageLayering(),
                }.RunAsync(cancellation);
            });
            return reboot.Carry(parsed, sysroot, outcome);
        });
        return command;
    }

    // "docker://registry.example.com/x" says the same as the default transport.
    internal static ImageReference ReadReference(string transport, string image)
    {
        if (image.Length == 0)
        {
            throw new FormatException("IMAGE is empty");
        }

        if (transport == "registry" && image.StartsWith("docker://", StringComparison.Ordinal))
        {
            image = image["docker://".Length..];
        }

        if (transport == "registry")
        {
            RefuseOtherPlace(image);
        }

        ImageReference reference = ImageReference.Parse($"{transport}:{image}");
        if (reference.Transport == Transport.Registry)
        {
            _ = RegistryReference.Parse(reference.Name);
        }

        return reference;
    }

    // "oci:/path" and what origins have are no names in a registry; "oci:5000/image" is one, on a host of that name.
    private static void RefuseOtherPlace(string image)
    {
        int colon = image.IndexOf(':');
        if (colon < 0 || (colon + 1 < image.Length && char.IsAsciiDigit(image[colon + 1])))
        {
            return;
        }

        string word = image[..colon];
        if (word.StartsWith("ostree-", StringComparison.Ordinal))
        {
            throw new FormatException($"'{image}' says how the image is verified, which IMAGE does not: name the image alone");
        }

        if (word is "registry" or "docker" || ImageReference.TransportOf(word) is not { } other)
        {
            return;
        }

        throw new FormatException($"'{image}' is no name in a registry: its place is said by '--transport {ImageReference.NameOf(other)} {image[(colon + 1)..]}'");
    }
}
