// bootc initramfs
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class InitramfsCommand
{
    public static Command Create() => new DocumentedCommand("initramfs", "Make the initramfs on the host, after its own settings", CreateEnable(), CreateDisable());

    private static Command CreateEnable()
    {
        var arguments = new Option<string[]>("--arg") { Description = "Give dracut this argument; may be given more than once", HelpName = "ARG" };
        var options = new PackageOptions();
        var command = new DocumentedCommand("enable", "Have the initramfs of each deployment made on the host", arguments)
        {
            Details =
            [
                "The image's own dracut makes it, in a sandbox that sees the host's /etc. The wish is kept: each upgrade makes it again.",
                "Where only files of /etc are to be in the initramfs, 'bootc initramfs-etc' adds them to the image's own, which is quicker.",
            ],
            Examples = [("bootc initramfs enable --arg=--add --arg=nfs", "Have the dracut module nfs in the initramfs.")],
        };
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => options.RunAsync(
            parsed, "initramfs enable", operation => operation.EnableInitramfs(parsed.GetValue(arguments) ?? [], cancellation), cancellation: cancellation));
        return command;
    }

    private static Command CreateDisable()
    {
        var options = new PackageOptions();
        var command = new DocumentedCommand("disable", "Use the image's own initramfs again");
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => options.RunAsync(parsed, "initramfs disable", operation => operation.DisableInitramfs(cancellation), cancellation: cancellation));
        return command;
    }
}
