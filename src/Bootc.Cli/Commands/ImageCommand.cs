// bootc image
using System.CommandLine;
using System.Text.Json;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

internal static class ImageCommand
{
    public static Command Create()
    {
        var format = new Option<string?>("--format") { Description = "table (the default) or json", DefaultValueFactory = _ => "table", HelpName = "FORMAT" }.OneOf("table", "json");
        var type = new Option<string?>("--type") { Description = "all (the default), host (those that hosts are), or logical (those that a host's image refers to, of which none are kept here)", DefaultValueFactory = _ => "all", HelpName = "TYPE" }.OneOf("all", "host", "logical");
        var list = new DocumentedCommand("list", "List the images that the host has fetched", type, format)
        {
            Details = ["These are the images of the host itself, apart from those of container engines such as podman."],
        };
        list.SetAction(parsed =>
        {
            using Sysroot sysroot = OpenSysroot.ForReading(parsed);
            ImageListEntry[] images = parsed.GetValue(type) == "logical" ? [] : [.. ImageStore.ListImages(sysroot.Repository).Select(image => new ImageListEntry(Show(image), "host"))];
            if (parsed.GetValue(format) == "json")
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(images, CliJson.Default.ImageListEntryArray));
                return;
            }

            Console.Out.WriteLine("IMAGE TYPE  IMAGE");
            foreach (ImageListEntry image in images)
            {
                Console.Out.WriteLine($"{image.ImageType,-10}  {image.Image}");
            }
        });
        return new DocumentedCommand("image", "Work with images, and with those in the host's store", list, ImagePullCommand.Create(), ImagePushCommand.Create(), ImageRemoveCommand.Create(), ImageBuildCommand.Create(), ImageCopyToStorageCommand.Create(), ImageVerifyCommand.Create(), ImageSignCommand.Create());
    }

    private static string Show(ImageReference image) => image.Transport == Transport.Registry ? image.Name : image.ToString();
}
