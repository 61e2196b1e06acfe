// bootc image copy-to-storage
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Oci.Engine;
using Bootc.Oci.Model;

namespace Bootc.Cli.Commands;

internal static class ImageCopyToStorageCommand
{
    private const string DefaultTarget = "localhost/bootc:latest";

    public static Command Create()
    {
        var source = new Option<string?>("--source") { Description = "The image, such as docker://quay.io/example/os:1 or oci:/path; the one that the host runs, from where it came, unless it is given", HelpName = "IMAGE" };
        var target = new Option<string>("--target") { Description = $"The name that it gets in the engine; {DefaultTarget} unless given", HelpName = "NAME", DefaultValueFactory = _ => DefaultTarget };
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("copy-to-storage", "Give an image to the container engine of this machine", source, target)
        {
            Details = ["The engine is the one that 'bootc image build' uses. The image can then be run there, or be what another one is built on."],
            Examples = [("bootc image copy-to-storage && printf 'FROM localhost/bootc\\nRUN apt-get install -y tcpdump\\n' > Containerfile && bootc image build -t localhost/os:debug .", "Build on what the host runs.")],
        };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new OciOptions();
            using ContainerEngine engine = ContainerEngine.Find(options);
            string name = WithTag(parsed.GetValue(target)!);
            await progress.CreateView(parsed, ProgressWords.Push).RunAsync(async view =>
            {
                (ImageReference image, Digest? expected) = await ImagePushCommand.FindSourceAsync(parsed, source, options, view, cancellation);
                await using IImageSource opened = ImageSources.Open(image, options);
                if (expected is { } digest && (await opened.FetchManifestAsync(Platform.Current, cancellation)).Digest != digest)
                {
                    throw new ImageNotFoundException($"{image} is another image by now than {digest}, which the host runs");
                }

                await engine.LoadAsync(opened, name, new PushProgress(view), cancellation);
                view.Message($"Copied: {image} to {name}");
                return name;
            });
            return 0;
        });
        return command;
    }

    // Engines say that an archive has no image of a name when the tag is not spelled out.
    private static string WithTag(string name)
    {
        RegistryReference parsed = RegistryReference.Parse(name);
        return parsed.Tag is null && parsed.Digest is null ? name + ":latest" : name;
    }
}
