// bootc image copy-to-storage
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Import.Export;
using Bootc.Oci;
using Bootc.Oci.Engine;

namespace Bootc.Cli.Commands;

internal static class ImageCopyToStorageCommand
{
    private const string DefaultTarget = "localhost/bootc:latest";

    public static Command Create()
    {
        var source = new Option<string?>("--source") { Description = "The image, such as docker://registry.example.com/os:1 or oci:/path; the one that the host runs unless it is given", HelpName = "IMAGE" };
        var target = new Option<string>("--target") { Description = $"The name that it gets in the engine; {DefaultTarget} unless given", HelpName = "NAME", DefaultValueFactory = _ => DefaultTarget };
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("copy-to-storage", "Give an image to the container engine of this machine", source, target)
        {
            Details =
            [
                "The engine is the one that 'bootc image build' uses. The image can then be run there, or be what another one is built on.",
                "What the host runs is taken from the host's own store: no network is needed, and whatever the registry has by now, it is the very image. Its layers have the files that were imported, but not their times, so that digests are others than in the registry; what is below /dev, /proc, /run, /sys and /tmp was never imported. With --source, an image is copied as it is.",
            ],
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
                if (parsed.GetValue(source) is { } named)
                {
                    ImageReference image = await ImageName.ResolveAsync(ImageName.Read(named), options, view.Message, cancellation);
                    await using IImageSource opened = ImageSources.Open(image, options);
                    await engine.LoadAsync(opened, name, new PushProgress(view), cancellation);
                    view.Message($"Copied: {image} to {name}");
                    return name;
                }

                using Sysroot sysroot = OpenSysroot.ForReading(parsed);
                Deployment current = CurrentImage.FindDeployment(sysroot);
                view.Step("Reading the store of the host");
                ImageReference what = current.Origin.Image?.Image ?? new ImageReference(Transport.OciDirectory, current.DirectoryName);
                await using IImageSource stored = await StoredImages.OpenAsync(sysroot.Repository, current.Commit, what, options, cancellation);
                await engine.LoadAsync(stored, name, new PushProgress(view), cancellation);
                view.Message($"Copied: {current.Origin.Image?.Image.ToString() ?? current.DirectoryName} to {name}");
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
