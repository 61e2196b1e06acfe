// bootc switch
using System.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

internal static class SwitchCommand
{
    public static Command Create()
    {
        var image = new Argument<string>("IMAGE") { Description = "The image: quay.io/os/image:tag, or a path for oci, oci-archive, docker-archive and dir" };
        var transport = new Option<string>("--transport") { Description = "Where the image is", DefaultValueFactory = _ => "registry", HelpName = "T" };
        transport.AcceptOnlyFromAmong("registry", "oci", "oci-archive", "docker-archive", "dir", "containers-storage", "docker-daemon");
        var retain = new Option<bool>("--retain") { Description = "Keep the image followed before, and all deployments" };
        var apply = new Option<bool>("--apply") { Description = "Reboot into the new deployment" };
        var inPlace = new Option<bool>("--mutate-in-place") { Description = "Only change which image the current deployment follows; fetch nothing" };
        var verify = new Option<bool>("--enforce-container-sigpolicy") { Description = "Refuse the image unless the containers policy asks for its signature and finds it good" };
        var progress = new ProgressOptions();
        var command = new Command("switch", "Follow another image: fetch it and boot it next") { image, transport, retain, apply, inPlace, verify };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            ImageReference reference = ReadReference(parsed.GetValue(transport)!, parsed.GetRequiredValue(image));
            var target = new OstreeImageReference(
                parsed.GetValue(verify) ? SignatureVerification.ContainerPolicy : SignatureVerification.ContainerPolicyAllowInsecure, null, reference);
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "switch");
            Reboot.Check(sysroot, parsed.GetValue(apply));
            OperationOutcome outcome = await progress.CreateView(parsed).RunAsync(view => new SwitchOperation(sysroot, new OciOptions(), view)
            {
                Target = target,
                Retain = parsed.GetValue(retain),
                MutateInPlace = parsed.GetValue(inPlace),
            }.RunAsync(cancellation));
            return Reboot.IfAsked(parsed.GetValue(apply), outcome);
        });
        return command;
    }

    // "docker://quay.io/x" says the same as the default transport.
    private static ImageReference ReadReference(string transport, string image)
    {
        if (transport == "registry" && image.StartsWith("docker://", StringComparison.Ordinal))
        {
            return ImageReference.Parse(image);
        }

        ImageReference reference = ImageReference.Parse($"{transport}:{image}");
        if (reference.Transport == Transport.Registry)
        {
            _ = RegistryReference.Parse(reference.Name);
        }

        return reference;
    }
}
