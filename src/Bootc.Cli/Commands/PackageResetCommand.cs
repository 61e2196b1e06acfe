// bootc package reset
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class PackageResetCommand
{
    public static Command Create()
    {
        var options = new PackageOptions();
        var command = new DocumentedCommand("reset", "Follow the image alone again, without any package that was added, left out or replaced");
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => options.RunAsync(parsed, "package reset", operation => operation.Reset(cancellation), cancellation: cancellation));
        return command;
    }
}
