// bootc package search
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Layering;

namespace Bootc.Cli.Commands;

internal static class PackageSearchCommand
{
    public static Command Create()
    {
        var terms = new Argument<string[]>("TERM") { Description = "A word of the name or the description; all of them are to be there", Arity = ArgumentArity.OneOrMore };
        var cacheOnly = new Option<bool>("--cache-only") { Description = "Use only lists that were fetched before, without the network" };
        var command = new DocumentedCommand("search", "Look for packages that could be added to the host's image", terms, cacheOnly)
        {
            Examples = [("bootc package search top processes", "Which packages have to do with both?")],
        };
        command.SetAction((parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "package search");
            IReadOnlyList<FoundPackage> found = new PackageSearch(sysroot, new PlainProgress()) { CacheOnly = parsed.GetValue(cacheOnly) }
                .Run(parsed.GetRequiredValue(terms), cancellation);
            foreach (FoundPackage package in found)
            {
                Console.Out.WriteLine($"{(package.IsPresent ? "●" : " ")} {package.Name}  {package.Summary}");
            }

            if (found.Count == 0)
            {
                Console.Error.WriteLine("No package has all of that.");
            }

            return Task.FromResult(found.Count == 0 ? 1 : 0);
        });
        return command;
    }
}
