// bootc graph show
using System.CommandLine;
using System.Text;
using Bootc.Cli.CommandLine;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Updates;
using Bootc.Updates.Agent;
using Bootc.Updates.Graph;
using Bootc.Updates.Graph.Drawing;

namespace Bootc.Cli.Commands;

internal static class GraphShowCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The document, or what a graph server answered" };
        var format = new Option<string?>("--format") { Description = "text (the default), dot for Graphviz, svg for a browser, or json as a graph server answers", DefaultValueFactory = _ => "text", HelpName = "FORMAT" }.OneOf("text", "dot", "svg", "json");
        var architecture = new Option<string>("--architecture") { Description = "The architecture (this machine's unless given)", HelpName = "ARCH", DefaultValueFactory = _ => Platform.Current.Architecture };
        var host = new Option<string?>("--host") { Description = "A host of this version or image digest: show where it is and where it goes", HelpName = "WHAT" };
        var node = new Option<string?>("--node-uuid") { Description = "The host's identifier, which says how late rollouts reach it", HelpName = "ID" };
        var wariness = new Option<string?>("--rollout-wariness") { Description = "The host's wariness, between 0 and 1, instead", HelpName = "W" };
        var command = new DocumentedCommand("show", "Draw a graph", file, format, architecture, host, node, wariness)
        {
            UsesSysroot = false,
            Examples =
            [
                ("bootc graph show stable.yaml", "As text, the newest release first."),
                ("bootc graph show --format svg stable.yaml > stable.svg", "As a picture."),
                ("bootc graph show --host 41.2 stable.yaml", "Which way hosts of version 41.2 go."),
            ],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            (string title, UpdateGraph graph) = GraphFile.Load(parsed.GetRequiredValue(file), parsed.GetRequiredValue(architecture));
            int? where = null;
            if (parsed.GetValue(host) is { } name)
            {
                graph = await OwnManifests.LocateAsync(graph, name, parsed.GetRequiredValue(architecture), new OciOptions(), cancellation);
                where = graph.FindVersion(name) ?? graph.Find(name) ?? throw new UpdatesException($"the graph has no release '{name}'");
            }

            var view = new GraphView(title, graph, DateTimeOffset.UtcNow) { Host = where, Wariness = ReadWariness(parsed.GetValue(wariness), parsed.GetValue(node)) };
            Console.Out.Write(parsed.GetValue(format) switch
            {
                "dot" => GraphDot.Draw(view),
                "svg" => GraphSvg.Draw(view),
                "json" => Encoding.UTF8.GetString(CincinnatiGraph.Write(graph)) + "\n",
                _ => GraphText.Draw(view),
            });
        });
        return command;
    }

    private static double ReadWariness(string? wariness, string? node) =>
        wariness is not null ? Wariness.Parse(wariness) ?? throw new FormatException($"--rollout-wariness takes a number between 0 and 1, not '{wariness}'")
        : node is not null ? Wariness.OfNode(node)
        : 1;
}
