// bootc package diff
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Import.Packages;
using Bootc.Layering;

namespace Bootc.Cli.Commands;

internal static class PackageDiffCommand
{
    public static Command Create()
    {
        var from = new Argument<string?>("FROM") { Description = "booted, next, rollback, a number in the boot order, or image: the image of what boots next", Arity = ArgumentArity.ZeroOrOne };
        var to = new Argument<string?>("TO") { Description = "The same; what boots next unless given", Arity = ArgumentArity.ZeroOrOne };
        from.CompletionSources.Add([.. PackageSet.Names]);
        to.CompletionSources.Add([.. PackageSet.Names]);
        var command = new DocumentedCommand("diff", "Show how the packages of two deployments differ", from, to)
        {
            Details = ["Without arguments, what runs is compared with what boots next; where that is the same, its image with it."],
            Examples =
            [
                ("bootc package diff", "What does the next boot change?"),
                ("bootc package diff rollback booted", "What did the last one change?"),
            ],
        };
        command.SetAction(parsed =>
        {
            using Sysroot sysroot = OpenSysroot.ForReading(parsed);
            (string defaultFrom, string defaultTo) = PackageSet.FindDefault(sysroot);
            PackageSet before = PackageSet.Read(sysroot, parsed.GetValue(from) ?? defaultFrom);
            PackageSet after = PackageSet.Read(sysroot, parsed.GetValue(to) ?? defaultTo);
            PackageDiff diff = PackageDiff.Compare(before.Packages, after.Packages);
            Console.Out.WriteLine($"{before.Name} -> {after.Name}: {diff.Changed.Count} changed, {diff.Added.Count} added, {diff.Removed.Count} removed");
            PackageDiffLines.Write(diff, Console.Out);
        });
        return command;
    }
}
