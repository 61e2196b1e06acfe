// bootc login and bootc logout
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

internal static class LoginCommand
{
    public static Command CreateLogin()
    {
        var registry = new Argument<string>("REGISTRY") { Description = "The registry, HOST[:PORT], or a path in it, HOST[:PORT]/PATH, for the images below that alone" };
        var user = new Option<string?>("--username", "-u") { Description = "The user; asked for unless given", HelpName = "USER" };
        var fromInput = new Option<bool>("--password-stdin") { Description = "Read the password from the standard input" };
        Option<string?> file = AuthFile("Keep the credentials in FILE instead of /etc/ostree/auth.json");
        var command = new DocumentedCommand("login", "Keep credentials for a registry, after a look whether it accepts them", registry, user, fromInput, file)
        {
            UsesSysroot = false,
            Details =
            [
                "The file has the format of podman, skopeo and Docker, whose credentials are used as well: their own files, and the credential helpers that these and registries.conf name. $REGISTRY_AUTH_FILE names another file for all of them.",
                "Credentials in /etc/ostree/auth.json are those of the host: automatic updates find them.",
            ],
            Examples =
            [
                ("bootc login registry.example.com", "Ask for user and password on the terminal."),
                ("bootc login --username robot --password-stdin registry.example.com < token", "Log in from a script."),
            ],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string key = parsed.GetRequiredValue(registry).TrimEnd('/');
            string host = key.Split('/')[0];
            if (host.Length == 0 || key.Contains("://", StringComparison.Ordinal))
            {
                throw new FormatException($"'{key}' is no registry: HOST, or HOST:PORT, is wanted");
            }

            var options = new OciOptions();
            (string name, string password) = Ask(parsed.GetValue(user), parsed.GetValue(fromInput));
            await RegistryLogin.CheckAsync(host, name, password, options, cancellation);
            string path = parsed.GetValue(file) ?? RegistryLogin.DefaultFile(options);
            RegistryLogin.Store(path, key, name, password);
            Console.Out.WriteLine($"Logged in to {host} as {name}; the credentials are in {path}");
            return 0;
        });
        return command;
    }

    public static Command CreateLogout()
    {
        var registry = new Argument<string?>("REGISTRY") { Description = "The registry, as it was given to 'bootc login'", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "Forget all credentials in the file" };
        Option<string?> file = AuthFile("Forget those in FILE instead of /etc/ostree/auth.json");
        var command = new DocumentedCommand("logout", "Forget the credentials for a registry", registry, all, file) { UsesSysroot = false };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(file) ?? RegistryLogin.DefaultFile(new OciOptions());
            if (parsed.GetValue(all))
            {
                Console.Out.WriteLine($"{RegistryLogin.RemoveAll(path)} credentials removed from {path}");
                return;
            }

            string key = (parsed.GetValue(registry) ?? throw new FormatException("REGISTRY is missing: name one, or forget --all")).TrimEnd('/');
            Console.Out.WriteLine(RegistryLogin.Remove(path, key) ? $"The credentials for {key} are removed from {path}" : $"{path} has no credentials for {key}");
        });
        return command;
    }

    internal static Option<string?> AuthFile(string description) => new("--authfile") { Description = description, HelpName = "FILE" };

    private static (string User, string Password) Ask(string? user, bool fromInput)
    {
        if (fromInput)
        {
            string password = Console.In.ReadToEnd().TrimEnd('\n', '\r');
            return user is null ? throw new FormatException("--password-stdin needs --username, since the standard input has the password")
                : password.Length == 0 ? throw new FormatException("there is no password on the standard input") : (user, password);
        }

        if (Console.IsInputRedirected)
        {
            throw new FormatException("there is no terminal to ask for the password on: give it by --password-stdin");
        }

        if (user is null)
        {
            Console.Error.Write("Username: ");
            user = Console.ReadLine() ?? "";
        }

        return (user, PasswordPrompt.Ask("Password: "));
    }
}
