// bootc internals fsverity
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Composefs.FsVerity;
using Bootc.Deployments;
using Bootc.Linux;

namespace Bootc.Cli.Commands;

internal static class FsVerityCommand
{
    public static Command Create() => new DocumentedCommand(
        "fsverity",
        "Seal files with fs-verity, and measure sealed ones",
        Create("measure", "Print the digests that the kernel enforces on files", (file, path) =>
            Console.Out.WriteLine(FileVerity.TryMeasure(file, path) ?? throw new DeploymentException($"'{path}' is not sealed with fs-verity"))),
        Create("enable", "Seal files: they can be read and removed, but not changed any more", (file, path) =>
        {
            if (!FileVerity.TryEnable(file, path))
            {
                throw new DeploymentException($"'{path}' cannot be sealed: its file system or the kernel has no fs-verity");
            }
        }))
    { UsesSysroot = false };

    private static Command Create(string name, string description, Action<Microsoft.Win32.SafeHandles.SafeFileHandle, string> action)
    {
        var path = new Argument<string[]>("FILE") { Description = "Files on a file system with fs-verity", Arity = ArgumentArity.OneOrMore };
        var command = new DocumentedCommand(name, description, path) { UsesSysroot = false };
        command.SetAction(parsed =>
        {
            foreach (string file in parsed.GetRequiredValue(path).Select(Path.GetFullPath))
            {
                using DirectoryHandle directory = DirectoryHandle.Open(Path.GetDirectoryName(file)!);
                using var handle = directory.OpenFile(Path.GetFileName(file));
                action(handle, file);
            }
        });
        return command;
    }
}
