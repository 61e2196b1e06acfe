// bootc gitops render
using System.CommandLine;
using System.Text;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Oci.Model;
using Bootc.Updates.FleetLock;
using Bootc.Updates.Git;

namespace Bootc.Cli.Commands;

internal static class GitOpsRenderCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "The folder with the documents, as in a checkout of the repository" };
        var host = new Option<string>("--host") { Description = "The host's name", HelpName = "NAME", Required = true };
        var label = new Option<string[]>("--label") { Description = "A label that the host has by its settings", HelpName = "NAME=VALUE", AllowMultipleArgumentsPerToken = false };
        var group = new Option<string>("--group") { Description = "Its group", HelpName = "NAME", DefaultValueFactory = _ => FleetLockIdentity.DefaultGroup };
        var machine = new Option<string?>("--machine-id") { Description = "Its machine ID", HelpName = "ID" };
        var architecture = new Option<string>("--architecture") { Description = "Its architecture (this machine's unless given)", HelpName = "ARCH", DefaultValueFactory = _ => Platform.Current.Architecture };
        var format = new Option<string?>("--format") { Description = "yaml (the default) or json", HelpName = "FORMAT" }.OneOf("yaml", "json");
        var command = new DocumentedCommand("render", "Show what the documents of a repository make of a host", folder, host, label, group, machine, architecture, format)
        {
            UsesSysroot = false,
            Details = ["The documents that are for the host are laid over one another: groups by their order, then the host's own. The result is one BootcHost document, the comments before it say of which documents it is made."],
            Examples =
            [
                ("bootc gitops render --host web1 hosts", "What is web1 to be?"),
                ("bootc gitops render --host new --label role=web hosts", "What would a host be that has this label?"),
            ],
        };
        command.SetAction(parsed =>
        {
            var faults = new List<FleetFault>();
            IReadOnlyList<FleetFile> files = FleetFolder.Read(parsed.GetRequiredValue(folder), faults);
            if (faults.Count > 0)
            {
                return Report(faults);
            }

            var identity = new HostIdentity(parsed.GetRequiredValue(host), parsed.GetValue(machine), ReadLabels(parsed.GetValue(label) ?? []))
            {
                Architecture = parsed.GetRequiredValue(architecture),
                Group = parsed.GetRequiredValue(group),
            };
            try
            {
                Write(Fleet.Read(files).Render(identity), parsed.GetValue(format) == "json");
                return 0;
            }
            catch (FleetFormatException e)
            {
                return Report(e.Faults);
            }
        });
        return command;
    }

    private static void Write(RenderedHost rendered, bool isJson)
    {
        if (isJson)
        {
            StandardOutput.Write([.. rendered.ToJson(), (byte)'\n']);
            return;
        }

        var yaml = new StringWriter();
        foreach (string source in rendered.Sources.DefaultIfEmpty("no document: the repository leaves this host alone"))
        {
            yaml.WriteLine($"# {source}");
        }

        YamlWriter.Write(rendered.ToJson(), yaml);
        StandardOutput.Write(Encoding.UTF8.GetBytes(yaml.ToString()));
    }

    private static int Report(IReadOnlyList<FleetFault> faults)
    {
        foreach (FleetFault fault in faults)
        {
            Console.Error.WriteLine(fault);
        }

        return 1;
    }

    private static SortedDictionary<string, string> ReadLabels(string[] texts)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=');
            string? fault = equals < 1 ? $"'{text}' is no label as NAME=VALUE" : HostIdentity.DescribeLabel(text[..equals]);
            labels[fault is null ? text[..equals] : throw new FormatException($"--label: {fault}")] = text[(equals + 1)..];
        }

        return labels;
    }
}
