// bootc graph serve
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Updates.Graph;
using Bootc.Updates.Http;

namespace Bootc.Cli.Commands;

internal static class GraphServeCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "The documents, one for each stream; they are read anew when they change", Arity = ArgumentArity.OneOrMore };
        var listen = new ListenOptions("127.0.0.1:8080");
        var command = new DocumentedCommand("serve", "Run a graph server", [files, .. listen.All])
        {
            UsesSysroot = false,
            Details =
            [
                "The server speaks the Cincinnati protocol, as the update agent zincati does: GET /v1/graph with stream and basearch, and oci=true for images. A host is shown an update when the rollout has reached it, by its rollout_wariness or, without one, its node_uuid.",
                "/metrics counts requests, for Prometheus. A document that cannot be read after a change is told of in the log, and the one before stays in use.",
            ],
            Examples = [("bootc graph serve --listen :8080 stable.yaml testing.yaml", "Serve two streams.")],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            TlsServerFiles? tls = listen.ReadTls(parsed);
            var graphs = new GraphFiles(parsed.GetRequiredValue(files), ErrorReport.Log);
            return await listen.ServeAsync(parsed, tls, new GraphService(graphs.Current), $"streams: {string.Join(", ", graphs.Current().Select(document => document.Stream))}", cancellation);
        });
        return command;
    }
}
