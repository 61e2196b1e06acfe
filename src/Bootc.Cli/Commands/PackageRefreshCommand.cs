// bootc package refresh
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class PackageRefreshCommand
{
    public static Command Create()
    {
        var options = new PackageOptions();
        var command = new DocumentedCommand("refresh", "Look for newer versions of packages that were added to the image")
        {
            Details = ["The image stays the same; 'bootc upgrade' looks for a newer one."],
        };
        options.AddTo(command);
        options.AddLiveTo(command);
        command.SetAction((parsed, cancellation) => options.RunAsync(parsed, "package refresh", operation => operation.Refresh(cancellation), cancellation: cancellation));
        return command;
    }
}
