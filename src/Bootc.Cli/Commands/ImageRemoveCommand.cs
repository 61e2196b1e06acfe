// bootc image rm
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Ostree;

namespace Bootc.Cli.Commands;

internal static class ImageRemoveCommand
{
    public static Command Create()
    {
        var image = new Argument<string>("IMAGE") { Description = "The image, as 'bootc image list' names it" };
        Option<string?> transport = TransportOption.Create("--transport", "the image");
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("rm", "Remove an image from the host's store", image, transport)
        {
            Details = ["Layers go that no other image and no deployment needs. An image that a deployment follows is refused."],
        };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            // "oci:/path" is how the list has it, and how --transport says it.
            ImageReference reference = ImageName.Read(parsed.GetRequiredValue(image), parsed.GetValue(transport));
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "image rm");
            await progress.CreateView(parsed).RunAsync(view =>
            {
                PruneResult pruned = new RemoveImageOperation(sysroot, view) { Image = reference }.Run(cancellation);
                return Task.FromResult(pruned);
            });
            return 0;
        });
        return command;
    }
}
