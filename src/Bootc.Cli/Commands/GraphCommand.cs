// bootc graph
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class GraphCommand
{
    public static Command Create() => new DocumentedCommand(
        "graph",
        "Say which updates lead where, and how fast they spread",
        GraphLintCommand.Create(),
        GraphShowCommand.Create(),
        GraphPushCommand.Create(),
        GraphServeCommand.Create())
    {
        UsesSysroot = false,
        Details =
        [
            "A graph of updates is a document in YAML or JSON, bootc.update-graph/v1: the releases of a stream by version and image, barriers that no host passes over, dead ends that no update leads away from, and rollouts by which an update reaches more and more hosts.",
        ],
    };
}
