// bootc fleet-lock serve
using System.CommandLine;
using System.Globalization;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Updates;
using Bootc.Updates.FleetLock;
using Bootc.Updates.FleetLock.Etcd;
using Bootc.Updates.Http;

namespace Bootc.Cli.Commands;

internal static class FleetLockServeCommand
{
    private const string DefaultStore = "/var/lib/bootc/fleet-lock.json";

    public static Command Create()
    {
        var groups = new Option<string[]>("--group")
        {
            Description = $"A group and how many of its hosts may reboot at a time; may be given several times ({FleetLockIdentity.DefaultGroup}=1 unless given)",
            HelpName = "NAME=SLOTS",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
            DefaultValueFactory = _ => [$"{FleetLockIdentity.DefaultGroup}=1"],
        };
        var etcd = new Option<string?>("--etcd") { Description = "Keep the locks in etcd, at the client URLs of its members", HelpName = "URL,..." };
        var etcdAuthorities = new Option<string?>("--etcd-cacert") { Description = "The authorities of etcd's certificates, instead of those of the system", HelpName = "FILE" };
        var etcdCertificate = new Option<string?>("--etcd-cert") { Description = "The certificate by which to log in to etcd", HelpName = "FILE" };
        var etcdKey = new Option<string?>("--etcd-key") { Description = "The key of that certificate", HelpName = "FILE" };
        var store = new Option<string?>("--store") { Description = $"Without etcd: keep the locks in FILE instead of {DefaultStore}", HelpName = "FILE" };
        var listen = new ListenOptions("127.0.0.1:3333");
        var bind = new Option<bool>("--bind-id") { Description = "Let a client use no other ID than a name in its certificate" };
        var token = new Option<string?>("--admin-token-file") { Description = "The file with the token for 'bootc fleet-lock unlock'; without it, no lock can be forced open", HelpName = "FILE" };
        var command = new DocumentedCommand("serve", "Run a lock manager", [.. listen.All, groups, etcd, etcdAuthorities, etcdCertificate, etcdKey, store, bind, token])
        {
            UsesSysroot = false,
            Details =
            [
                "Any number of lock managers may use one etcd: they are equal, and a host may ask another one each time. The locks lie where airlock keeps them, so that it can run beside them or be replaced by them. In a file, the locks belong to one lock manager.",
                "At the start, each group gets the number of slots that is given; hosts that hold a lock keep it, even when there are fewer slots then.",
                "A browser shows at the address which hosts hold or wait for a lock, and since when. /metrics has the same in numbers, for Prometheus.",
            ],
            Examples =
            [
                ("bootc fleet-lock serve --listen :3333 --group default=1 --group workers=3", "One lock manager with its locks in a file."),
                ("bootc fleet-lock serve --listen :3333 --etcd http://10.0.0.1:2379,http://10.0.0.2:2379 --group workers=3", "One of several."),
            ],
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(etcd) is { Implicit: false } && result.GetResult(store) is { Implicit: false })
            {
                result.AddError("--etcd and --store exclude each other");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            TlsServerFiles? tls = listen.ReadTls(parsed);
            if (parsed.GetValue(bind) && !listen.AsksClients(parsed))
            {
                throw new FormatException("--bind-id needs --tls-client-ca: without it, clients show no certificates");
            }

            var options = new LockManagerOptions
            {
                Groups = ReadGroups(parsed.GetValue(groups)!),
                AdminToken = parsed.GetValue(token) is { } file ? ReadToken(file) : null,
                BindsIdToCertificate = parsed.GetValue(bind),
                Log = ErrorReport.Log,
            };
            await using ISemaphoreStore semaphores = parsed.GetValue(etcd) is { } urls
                ? new EtcdSemaphoreStore(ReadUrls(urls), TlsClientFiles.From(parsed.GetValue(etcdAuthorities), parsed.GetValue(etcdCertificate), parsed.GetValue(etcdKey)))
                : FileSemaphoreStore.Open(parsed.GetValue(store) ?? DefaultStore);
            await using var manager = new LockManager(semaphores, options);
            await manager.SetSlotsAsync();
            return await listen.ServeAsync(parsed, tls, manager, $"locks are in {semaphores.Description}", cancellation);
        });
        return command;
    }

    /// <summary>Reads the administrators' token.</summary>
    internal static string ReadToken(string path) => File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : throw new FormatException($"{path} has no token in it");

    private static Dictionary<string, ulong> ReadGroups(string[] texts)
    {
        var groups = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            if (text.Split('=') is not [{ Length: > 0 } name, var number] || !ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong slots) || slots > int.MaxValue)
            {
                throw new FormatException($"--group takes a name and a number of slots, NAME=SLOTS, not '{text}'");
            }

            if (!groups.TryAdd(name, slots))
            {
                throw new FormatException($"--group names {name} twice");
            }
        }

        return groups;
    }

    private static Uri[] ReadUrls(string text) =>
    [
        .. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(url =>
            Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? uri : throw new FormatException($"--etcd takes URLs of http or https, not '{url}'")),
    ];
}
