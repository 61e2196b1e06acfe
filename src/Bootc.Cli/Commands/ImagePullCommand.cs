// bootc image pull
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

internal static class ImagePullCommand
{
    public static Command Create()
    {
        var image = new Argument<string>("IMAGE") { Description = "The image: NAME[:TAG] or NAME@DIGEST in a registry, PATH[:TAG] for other transports" };
        Option<string?> transport = TransportOption.Create("--transport", "the image");
        var verify = new Option<bool>("--enforce-container-sigpolicy") { Description = "Refuse the image unless the containers policy asks for its signature and finds it good" };
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("pull", "Bring an image into the host's store, and leave what boots as it is", image, transport, verify)
        {
            Details = ["A later 'bootc switch' to the image has nothing to fetch but what changed until then. The image stays in the store until 'bootc image rm' removes it."],
            Examples = [("bootc image pull registry.example.com/os:next", "Fetch an image in good time.")],
        };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            ImageReference reference = SwitchCommand.ReadReference(parsed.GetValue(transport) ?? TransportOption.Default, parsed.GetRequiredValue(image));
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "image pull");
            await progress.CreateView(parsed).RunAsync(async view =>
            {
                var options = new OciOptions();
                SignatureVerification verification = parsed.GetValue(verify) ? SignatureVerification.ContainerPolicy : SignatureVerification.ContainerPolicyAllowInsecure;
                ImageReference full = await ImageName.ResolveAsync(reference, options, view.Message, cancellation);
                return await new PullOperation(sysroot, options, view) { Image = new OstreeImageReference(verification, null, full) }.RunAsync(cancellation);
            });
            return 0;
        });
        return command;
    }
}
