// --listen and its certificates: where a server of this program is, and how it is spoken to.
using System.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Updates;
using Bootc.Updates.Http;

namespace Bootc.Cli.Commands;

/// <summary>The options of commands that serve.</summary>
internal sealed class ListenOptions(string defaultAddress)
{
    private readonly Option<string> _listen = new("--listen")
    {
        Description = $"Where to listen: IP:PORT, :PORT for all addresses, or unix:/PATH ({defaultAddress} unless given)",
        HelpName = "ADDR",
        DefaultValueFactory = _ => defaultAddress,
    };

    private readonly Option<string?> _certificate = new("--tls-cert") { Description = "Speak TLS, with the certificate in FILE; it is read anew when it changes", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--tls-key") { Description = "The key of that certificate", HelpName = "FILE" };
    private readonly Option<string?> _clientAuthorities = new("--tls-client-ca") { Description = "Serve only who has a certificate of the authorities in FILE", HelpName = "FILE" };

    /// <summary>The options.</summary>
    public Symbol[] All => [_listen, _certificate, _key, _clientAuthorities];

    /// <summary>Whether clients must show a certificate.</summary>
    public bool AsksClients(ParseResult parsed) => parsed.GetValue(_clientAuthorities) is not null;

    /// <summary>Reads the certificates, if there are to be any.</summary>
    public TlsServerFiles? ReadTls(ParseResult parsed) => (parsed.GetValue(_certificate), parsed.GetValue(_key), parsed.GetValue(_clientAuthorities)) switch
    {
        (null, null, null) => null,
        ({ } certificate, { } key, var authorities) => new TlsServerFiles(certificate, key, authorities),
        _ => throw new FormatException("--tls-cert and --tls-key belong together, and --tls-client-ca needs both"),
    };

    /// <summary>Serves until it is told to end.</summary>
    public async Task<int> ServeAsync(ParseResult parsed, TlsServerFiles? tls, IHttpService service, string what, CancellationToken cancellation)
    {
        await using HttpServer server = await HttpServer.StartAsync(ListenAddress.Parse(parsed.GetRequiredValue(_listen)), tls, service, ErrorReport.Log);
        Console.Error.WriteLine($"Listening on {server.Url}; {what}");
        ServiceManager.NotifyReady($"Listening on {server.Url}");
        var ended = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = cancellation.Register(ended.SetResult);
        await ended.Task;
        ServiceManager.NotifyStopping();
        return 0;
    }
}
