// bootc fleet-lock
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Updates;
using Bootc.Updates.FleetLock;
using Bootc.Updates.Http;

namespace Bootc.Cli.Commands;

internal static class FleetLockCommand
{
    public static Command Create() => new DocumentedCommand(
        "fleet-lock",
        "Limit how many hosts of a fleet reboot at a time",
        FleetLockServeCommand.Create(),
        FleetLockClientCommand.CreatePreReboot(),
        FleetLockClientCommand.CreateSteadyState(),
        FleetLockListCommand.Create(),
        FleetLockUnlockCommand.Create())
    {
        UsesSysroot = false,
        Details =
        [
            "Hosts take a lock before they reboot and give it back when they are well again. Lock managers and hosts speak the FleetLock protocol: those of airlock and zincati can be mixed with these.",
        ],
    };

    /// <summary>Where a lock manager is, and how it is spoken to.</summary>
    internal sealed class ServerOptions
    {
        private readonly Option<string> _url = new("--url") { Description = "Where the lock manager is", HelpName = "URL", Required = true };
        private readonly Option<string?> _authorities = new("--cacert") { Description = "The authorities of its certificate, instead of those of the system", HelpName = "FILE" };
        private readonly Option<string?> _certificate = new("--cert") { Description = "The certificate by which this client shows who it is", HelpName = "FILE" };
        private readonly Option<string?> _key = new("--key") { Description = "The key of that certificate", HelpName = "FILE" };

        public Symbol[] All => [_url, _authorities, _certificate, _key];

        public FleetLockClient Connect(ParseResult parsed) =>
            new(parsed.GetRequiredValue(_url), TlsClientFiles.From(parsed.GetValue(_authorities), parsed.GetValue(_certificate), parsed.GetValue(_key)));
    }

    /// <summary>The option for a group.</summary>
    internal static Option<string> GroupOption() =>
        new("--group") { Description = $"The group ({FleetLockIdentity.DefaultGroup} unless given)", HelpName = "NAME", DefaultValueFactory = _ => FleetLockIdentity.DefaultGroup };
}
