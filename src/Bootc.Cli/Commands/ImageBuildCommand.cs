// bootc image build
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Deployments;
using Bootc.Layering;
using Bootc.Oci;
using Bootc.Oci.Engine;

namespace Bootc.Cli.Commands;

internal static class ImageBuildCommand
{
    public static Command Create()
    {
        var context = new Argument<string>("CONTEXT") { Description = "The directory with the files that the build may use; the current one unless given", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => "." };
        var tags = new Option<string[]>("--tag", "-t") { Description = "A name for the image, such as localhost/os:1; may be given more than once", HelpName = "NAME" };
        var file = new Option<string?>("--file", "-f") { Description = "The Containerfile, instead of the CONTEXT's Containerfile or Dockerfile", HelpName = "FILE" };
        var arguments = new Option<string[]>("--build-arg") { Description = "Set an argument of the build: NAME=VALUE, or NAME with the value of the environment", HelpName = "ARG" };
        var pull = new Option<bool>("--pull") { Description = "Look for newer base images" };
        var noCache = new Option<bool>("--no-cache") { Description = "Use nothing of earlier builds" };
        var target = new Option<string?>("--target") { Description = "End the build with this stage", HelpName = "STAGE" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Print nothing but the image's ID" };
        var fromBooted = new Option<bool>("--from-booted") { Description = "Build what the host is: its image with the packages that it adds ('bootc package export-containerfile')" };
        var command = new DocumentedCommand("build", "Build an image from a Containerfile, in a container engine", context, tags, file, fromBooted, arguments, pull, noCache, target, quiet)
        {
            Details =
            [
                "The engine is Docker, podman or another with Docker's API: that which DOCKER_HOST or CONTAINER_HOST names, else that at /run/docker.sock or /run/podman/podman.sock ('systemctl start podman.socket'). It gets the credentials of 'bootc login' for the registries of the base images.",
                "Files that .containerignore or .dockerignore names are not sent to it.",
            ],
            Examples =
            [
                ("bootc image build --tag localhost/os:1", "Build the Containerfile in the current directory."),
                ("bootc switch --transport docker-daemon localhost/os:1", "Boot it next."),
                ("bootc image build --from-booted --tag localhost/os:1", "Make an image of this host, packages included."),
                ("bootc image push --source docker-daemon:localhost/os:1 --target registry.example.com/os:1", "Give it to other hosts."),
            ],
        };
        command.Exclude(fromBooted, file);
        command.Validators.Add(result =>
        {
            if (result.GetValue(fromBooted) && result.GetResult(context) is { Tokens.Count: > 0 })
            {
                result.AddError("--from-booted has a context of its own, and CONTEXT cannot be named with it");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            using var own = parsed.GetValue(fromBooted) ? TemporaryContext.Create(parsed) : null;
            var build = new ImageBuild
            {
                Context = own?.Path ?? parsed.GetValue(context) ?? ".",
                File = parsed.GetValue(file),
                Tags = parsed.GetValue(tags) ?? [],
                Arguments = ReadArguments(parsed.GetValue(arguments) ?? []),
                Pull = parsed.GetValue(pull),
                NoCache = parsed.GetValue(noCache),
                Target = parsed.GetValue(target),
            };
            using ContainerEngine engine = ContainerEngine.Find(new OciOptions());
            string id = await engine.BuildAsync(build, new BuildOutput(parsed.GetValue(quiet) ? TextWriter.Null : Console.Out), cancellation);
            if (parsed.GetValue(quiet))
            {
                Console.Out.WriteLine(id);
                return 0;
            }

            string name = build.Tags.Count > 0 ? build.Tags[0] : id;
            Console.Out.WriteLine($"Built: {name}{(build.Tags.Count > 0 ? $" ({id})" : "")}");
            Console.Out.WriteLine($"Boot it with 'bootc switch --transport docker-daemon {name}', publish it with 'bootc image push --source docker-daemon:{name} --target REGISTRY/NAME:TAG'");
            return 0;
        });
        return command;
    }

    private static Dictionary<string, string> ReadArguments(string[] arguments)
    {
        var values = new Dictionary<string, string>();
        foreach (string argument in arguments)
        {
            int equals = argument.IndexOf('=');
            if (equals == 0)
            {
                throw new FormatException($"--build-arg '{argument}' names no argument: NAME=VALUE is wanted");
            }

            if (equals > 0)
            {
                values[argument[..equals]] = argument[(equals + 1)..];
            }
            else if (Environment.GetEnvironmentVariable(argument) is { } value)
            {
                values[argument] = value;
            }
        }

        return values;
    }

    // The files of packages that only the host has are given to the engine beside the Containerfile.
    private sealed class TemporaryContext : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("bootc-build-").FullName;

        public static TemporaryContext Create(ParseResult parsed)
        {
            var context = new TemporaryContext();
            try
            {
                using Sysroot sysroot = OpenSysroot.ForReading(parsed);
                BuildContext.Write(sysroot, CurrentImage.FindDeployment(sysroot), context.Path);
                return context;
            }
            catch
            {
                context.Dispose();
                throw;
            }
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }

    // Each piece is shown when it comes: a Progress<T> would show them in any order.
    private sealed class BuildOutput(TextWriter writer) : IProgress<string>
    {
        public void Report(string value)
        {
            writer.Write(value);
            writer.Flush();
        }
    }
}
