// `--version`
using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace Bootc.Cli.CommandLine;

internal sealed class ShowVersion : SynchronousCommandLineAction
{
    public override bool Terminating => true;

    public override int Invoke(ParseResult parsed)
    {
        Console.Out.WriteLine($"bootc {Version}");
        return 0;
    }

    // Without the commit, which the build appends after a plus sign.
    private static string Version => (typeof(ShowVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "").Split('+')[0];
}
