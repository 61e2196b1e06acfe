// bootc internals seal
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;

namespace Bootc.Cli.Commands;

internal static class SealCommand
{
    public static Command Create()
    {
        var check = new Option<bool>("--check") { Description = "Seal nothing; exit code 0 when the running host has something to seal" };
        var command = new DocumentedCommand("seal", "Seal the store with fs-verity, so that the kernel checks each file as it is read", check)
        {
            Details =
            [
                "Each file of the store and each deployment's image is sealed after its content was checked; what is corrupt is named, and then nothing else changes. At the end the setting ex-integrity.fsverity of the repository is 'true': new files are sealed as they are written, and later boots ask the kernel to check all that they read.",
                "It can be interrupted at any moment, and goes on where it was. On an image-based host a unit runs it after the first good boot. 'bootc status' shows how far it is.",
            ],
        };
        command.SetAction((parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "internals seal");
            var operation = new SealOperation(sysroot, new PlainProgress());
            if (parsed.GetValue(check))
            {
                operation.Check();
            }
            else
            {
                operation.Run(cancellation);
            }

            return Task.FromResult(0);
        });
        return command;
    }
}
