// bootc initramfs-etc
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

internal static class InitramfsEtcCommand
{
    public static Command Create()
    {
        var track = new Option<string[]>("--track") { Description = "Have this file or directory of /etc in the initramfs; may be given more than once", HelpName = "FILE" };
        var untrack = new Option<string[]>("--untrack") { Description = "Have this one no more", HelpName = "FILE" };
        var untrackAll = new Option<bool>("--untrack-all") { Description = "Have none of them any more" };
        var sync = new Option<bool>("--force-sync") { Description = "Make a deployment with the files as they are now" };
        var options = new PackageOptions();
        var command = new DocumentedCommand("initramfs-etc", "Have files of the host's /etc in the initramfs, before the root is there", track, untrack, untrackAll, sync)
        {
            Details =
            [
                "The files are added to the initramfs of the image, and of each image that follows. Without an option the command shows which they are.",
                "They are read when a deployment is made: after a change of one, --force-sync makes another.",
            ],
            Examples = [("bootc initramfs-etc --track /etc/crypttab", "Let the initramfs know the host's encrypted disks.")],
        };
        options.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(untrackAll) && (result.GetValue(untrack) ?? []).Length > 0)
            {
                result.AddError("--untrack and --untrack-all exclude each other");
            }

            if (result.GetValue(sync) && ((result.GetValue(track) ?? []).Length > 0 || (result.GetValue(untrack) ?? []).Length > 0 || result.GetValue(untrackAll)))
            {
                result.AddError("--force-sync cannot be used with --track, --untrack or --untrack-all");
            }
        });
        command.SetAction((parsed, cancellation) =>
        {
            string[] added = parsed.GetValue(track) ?? [];
            string[] removed = parsed.GetValue(untrack) ?? [];
            if (parsed.GetValue(sync))
            {
                return options.RunAsync(parsed, "initramfs-etc", operation => operation.SyncInitramfs(cancellation), cancellation: cancellation);
            }

            if (added.Length == 0 && removed.Length == 0 && !parsed.GetValue(untrackAll))
            {
                Show(parsed);
                return Task.FromResult(0);
            }

            return options.RunAsync(
                parsed, "initramfs-etc", operation => operation.ChangeInitramfsFiles(added, removed, parsed.GetValue(untrackAll), cancellation), cancellation: cancellation);
        });
        return command;
    }

    private static void Show(ParseResult parsed)
    {
        using Sysroot sysroot = OpenSysroot.ForReading(parsed);
        Deployment deployment = sysroot.Default ?? throw new DeploymentException($"{sysroot.Path} has no deployment");
        IReadOnlyList<string> files = deployment.Origin.Initramfs.Files;
        Console.Out.WriteLine(files.Count == 0 ? "The initramfs has no files of the host's /etc; --track adds some." : string.Join('\n', files));
    }
}
