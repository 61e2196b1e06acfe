// bootc image push
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Oci.Model;

namespace Bootc.Cli.Commands;

internal static class ImagePushCommand
{
    public static Command Create()
    {
        var source = new Option<string?>("--source") { Description = "The image, such as containers-storage:localhost/os:1, oci:/path or docker://registry.example.com/os:1; the one that the host runs unless it is given", HelpName = "IMAGE" };
        var target = new Option<string>("--target") { Description = "Where it goes: HOST[:PORT]/NAME[:TAG]", HelpName = "NAME", Required = true };
        Option<string?> compression = CompressionOption.Create("How layers are compressed that are not");
        var force = new Option<bool>("--force-compression") { Description = "Compress layers anew that are compressed otherwise" };
        var digestFile = new Option<string?>("--digestfile") { Description = "Write the digest of what was pushed to FILE", HelpName = "FILE" };
        Option<string?> authFile = LoginCommand.AuthFile("Use the credentials in FILE instead of those at the usual places");
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("push", "Bring an image to a registry", source, target, compression, force, digestFile, authFile)
        {
            Details =
            [
                "What the registry has is not sent again, and what another of its repositories has is taken from there. An image from a registry, an OCI layout or a directory stays what it is to the last byte, with its digest. Layers that lie uncompressed where they are, as in the storage of podman or in a container engine, are compressed on the way.",
                "zstd:chunked adds a table of contents to each layer, by which hosts fetch only those files that they lack; engines that know nothing of it read such layers all the same. With --force-compression, the image gets another digest wherever a layer changes, and signatures do not cover it.",
                "The name stands for the image only when all of it has arrived. Credentials are those of 'bootc login', podman and Docker.",
            ],
            Examples =
            [
                ("bootc image push --source containers-storage:localhost/os:1 --target registry.example.com/os:1", "Publish an image that podman built."),
                ("bootc image push --source docker://registry.example.com/os:testing --target registry.example.com/os:stable", "Give an image another name; nothing is sent."),
                ("bootc image push --source oci:os:1 --target registry.example.com/os:1 --compression-format zstd:chunked --force-compression", "Publish an image so that upgrades fetch only what changed."),
                ("bootc image push --target registry.example:5000/os:spare", "Copy the image that the host runs from where it came from."),
            ],
        };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            RegistryReference registry = ReadTarget(parsed.GetRequiredValue(target));
            var options = new OciOptions { AuthFile = parsed.GetValue(authFile) };
            PushedImage pushed = await progress.CreateView(parsed, ProgressWords.Push).RunAsync(async view =>
            {
                (ImageReference image, Digest? expected) = await FindSourceAsync(parsed, source, options, view, cancellation);
                await using IImageSource opened = ImageSources.Open(image, options);
                view.Step($"Looking at {image}");
                PushedImage result = await new ImagePush(opened, registry, options)
                {
                    Expected = expected,
                    Compression = CompressionOption.Read(parsed, compression),
                    ForceCompression = parsed.GetValue(force),
                }.RunAsync(new PushProgress(view), cancellation);
                view.Message($"Pushed: {registry}");
                view.Message($"Digest: {result.Digest}");
                return result;
            });
            if (parsed.GetValue(digestFile) is { } file)
            {
                await File.WriteAllTextAsync(file, pushed.Digest.ToString(), cancellation);
            }

            return 0;
        });
        return command;
    }

    /// <summary>The image that is named, or the one that the host runs and the digest that it must have.</summary>
    private static async Task<(ImageReference Image, Digest? Expected)> FindSourceAsync(
        ParseResult parsed, Option<string?> source, OciOptions options, IOperationProgress progress, CancellationToken cancellation)
    {
        if (parsed.GetValue(source) is { } named)
        {
            return (await ImageName.ResolveAsync(ImageName.Read(named), options, progress.Message, cancellation), null);
        }

        using Sysroot sysroot = OpenSysroot.ForReading(parsed);
        CurrentImage current = CurrentImage.Find(sysroot);
        return (current.Image, current.Manifest);
    }

    // Nobody should publish an image somewhere because of a name that lacks a host.
    private static RegistryReference ReadTarget(string text)
    {
        ImageReference target = ImageName.Read(text);
        if (target.Transport != Transport.Registry)
        {
            throw new FormatException($"'{text}' is no name in a registry, and images are pushed to registries alone");
        }

        return ShortNames.IsQualified(target.Name)
            ? RegistryReference.Parse(target.Name)
            : throw new FormatException($"'{text}' does not say which registry: name its host, as in docker.io/{(target.Name.Contains('/') ? "" : "library/")}{target.Name}");
    }
}
