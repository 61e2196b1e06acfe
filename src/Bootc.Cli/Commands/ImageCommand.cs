// bootc image
using System.CommandLine;
using System.Text.Json;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Deployments.Bound;
using Bootc.Import;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

internal static class ImageCommand
{
    public static Command Create()
    {
        var format = new Option<string?>("--format") { Description = "table (the default) or json", DefaultValueFactory = _ => "table", HelpName = "FORMAT" }.OneOf("table", "json");
        var type = new Option<string?>("--type") { Description = "host for OS images, logical for images that the one that runs binds, all (the default) for both", DefaultValueFactory = _ => "all", HelpName = "TYPE" }.OneOf("all", "host", "logical");
        var list = new DocumentedCommand("list", "List the images that the host has fetched", type, format)
        {
            Details =
            [
                "These are the images of the host itself, apart from those of container engines such as podman.",
                "An OS image binds others by links in /usr/lib/bootc/bound-images.d to .image and .container files of podman's quadlet: they are fetched before the OS image boots, into /usr/lib/bootc/storage, and removed when no deployment binds them any more.",
            ],
        };
        list.SetAction(parsed =>
        {
            using Sysroot sysroot = OpenSysroot.ForReading(parsed);
            string wanted = parsed.GetValue(type)!;
            Deployment? current = sysroot.Current;
            ImageListEntry[] images =
            [
                .. wanted == "logical" ? [] : ImageStore.ListImages(sysroot.Repository).Select(image => new ImageListEntry(Show(image), "host")),
                .. wanted == "host" || current is null ? [] : BoundImages.Read(sysroot.Repository, current.Commit, current.Origin).Select(image => new ImageListEntry(image.Image, "logical")),
            ];
            if (parsed.GetValue(format) == "json")
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(images, CliJson.Default.ImageListEntryArray));
                return;
            }

            int width = images.Select(image => image.Image.Length).Append("IMAGE".Length).Max();
            Console.Out.WriteLine($"{"IMAGE".PadRight(width)}  TYPE");
            foreach (ImageListEntry image in images)
            {
                Console.Out.WriteLine($"{image.Image.PadRight(width)}  {image.ImageType}");
            }
        });
        return new DocumentedCommand("image", "Work with images, and with those in the host's store", list, ImagePullCommand.Create(), ImagePushCommand.Create(), ImageRemoveCommand.Create(), ImageBuildCommand.Create(), ImageCopyToStorageCommand.Create(), ImageVerifyCommand.Create(), ImageSignCommand.Create());
    }

    private static string Show(ImageReference image) => image.Transport == Transport.Registry ? image.Name : image.ToString();
}
