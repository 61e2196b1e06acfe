// bootc status
using System.CommandLine;
using System.Text;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Deployments.Status;
using Bootc.Updates;
using Bootc.Updates.Agent;

namespace Bootc.Cli.Commands;

internal static class StatusCommand
{
    // Programs look for this line to learn what kind of host they are on.
    private const string IsNoSuchHost = "System is not deployed via bootc.";

    public static Command Create()
    {
        var format = new Option<string?>("--format") { Description = "human (the default on a terminal), yaml (the default elsewhere) or json", HelpName = "FORMAT" }
            .OneOf("human", "yaml", "json", "humanreadable");
        var json = new Option<bool>("--json") { Description = "The same as --format=json", Hidden = true };
        var version = new Option<int?>("--format-version") { Description = "The version of the document; 1 is the only one", HelpName = "N" }.Number();
        var booted = new Option<bool>("--booted") { Description = "Only the running deployment" };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "More about each deployment" };
        var command = new DocumentedCommand("status", "Show what runs, what boots next and what to roll back to", format, json, version, booted, verbose)
        {
            Details =
            [
                "For programs there is a document in YAML or JSON, the same that bootc writes: kind BootcHost, version org.containers.bootc/v1.",
                "On a host that was not installed from an image it is a document in which nothing is deployed, and for humans the line 'System is not deployed via bootc.'.",
            ],
            Examples =
            [
                ("bootc status", "Show the deployments as a table."),
                ("bootc status --format json | jq -r .status.booted.image.imageDigest", "Print the digest of the image that runs."),
            ],
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(version) is not (null or 0 or 1))
            {
                result.AddError("--format-version: the only version of the document is 1");
            }
        });
        command.SetAction(parsed =>
        {
            string chosen = parsed.GetValue(json) ? "json" : parsed.GetValue(format) ?? (Console.IsOutputRedirected ? "yaml" : "human");
            if (parsed.GetValue(BootcCommand.SysrootOption) is "/" && !Sysroot.IsSysroot("/"))
            {
                TellNoSuchHost(chosen);
                return;
            }

            using Sysroot sysroot = OpenSysroot.ForReading(parsed);
            Host host = HostStatusBuilder.Build(sysroot);
            if (parsed.GetValue(booted))
            {
                host = host with { Status = host.Status with { Staged = null, Rollback = null, OtherDeployments = [] } };
            }

            Write(host, chosen, parsed.GetValue(verbose), () => ReadDeadEnd(sysroot.Path));
        });
        return command;
    }

    // To ask what a host is is no mistake, whatever it is: bootc answers so as well.
    private static void TellNoSuchHost(string format)
    {
        if (format is "json" or "yaml")
        {
            Write(new Host { Status = new HostStatus { OtherDeployments = [] } }, format, verbose: false, () => null);
            return;
        }

        Console.Out.WriteLine(IsNoSuchHost);
        Console.Out.WriteLine("There is no /ostree/repo; --sysroot DIR shows what is deployed in another root.");
    }

    // A report that cannot be read is the agent's affair.
    private static string? ReadDeadEnd(string root)
    {
        try
        {
            return new AgentReportFile(root).TryRead()?.DeadEnd;
        }
        catch (UpdatesException)
        {
            return null;
        }
    }

    private static void Write(Host host, string format, bool verbose, Func<string?> readDeadEnd)
    {
        switch (format)
        {
            case "json":
                StandardOutput.Write([.. host.ToJson(), (byte)'\n']);
                break;
            case "yaml":
                var yaml = new StringWriter();
                YamlWriter.Write(host.ToJson(), yaml);
                StandardOutput.Write(Encoding.UTF8.GetBytes(yaml.ToString()));
                break;
            default:
                StatusTable.Write(host, Console.Out, verbose, readDeadEnd());
                break;
        }
    }
}
