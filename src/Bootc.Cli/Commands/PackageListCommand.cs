// bootc package list
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Deployments;
using Bootc.Import.Packages;
using Bootc.Layering;

namespace Bootc.Cli.Commands;

internal static class PackageListCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand("list", "Show which packages the next boot has besides those of its image")
        {
            Details = ["An inactive package is wanted, and the image has it itself."],
        };
        command.SetAction(parsed =>
        {
            using Sysroot sysroot = OpenSysroot.ForReading(parsed);
            Deployment deployment = sysroot.Default ?? throw new DeploymentException($"{sysroot.Path} has no deployment");
            Write(PackageReport.Read(sysroot, deployment), Console.Out);
        });
        return command;
    }

    private static void Write(PackageReport report, TextWriter output)
    {
        if (report.Wish.IsEmpty)
        {
            output.WriteLine("Nothing is added to the image; 'bootc package install' adds packages.");
            return;
        }

        HashSet<string> local = [.. report.Wish.LocalFiles.Select(package => package.Name)];
        foreach (Package package in report.Difference.Added)
        {
            output.WriteLine($"added     {package.Name}  {package.Version}{(local.Contains(package.Name) ? "  (file)" : report.Asked.Contains(package.Name) ? "" : "  (needed by others)")}");
        }

        foreach ((Package old, Package now) in report.Difference.Changed)
        {
            output.WriteLine($"changed   {now.Name}  {old.Version} -> {now.Version}{(local.Contains(now.Name) ? "  (file)" : "")}");
        }

        foreach (Package package in report.Difference.Removed)
        {
            output.WriteLine($"removed   {package.Name}  {package.Version}");
        }

        foreach (string name in report.Inactive)
        {
            output.WriteLine($"inactive  {name}");
        }
    }
}
