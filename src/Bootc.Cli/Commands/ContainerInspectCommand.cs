// bootc container inspect
using System.CommandLine;
using System.Text;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments.Status;
using Bootc.Linux;

namespace Bootc.Cli.Commands;

internal static class ContainerInspectCommand
{
    public static Command Create()
    {
        Option<string> rootfs = ContainerCommand.CreateRootOption();
        var json = new Option<bool>("--json") { Description = "The same as --format=json" };
        var format = new Option<string?>("--format") { Description = "human (the default), yaml or json", HelpName = "FORMAT" }.OneOf("human", "yaml", "json", "humanreadable");
        var command = new DocumentedCommand("inspect", "Show the kernel of an image and the arguments that it asks for", rootfs, json, format)
        {
            UsesSysroot = false,
            Details = ["The kernel is that of /usr/lib/modules, or a unified kernel image in /boot/EFI/Linux. The arguments are those of /usr/lib/bootc/kargs.d for this architecture."],
            Examples = [("bootc container inspect --json | jq -r .kernel.version", "Print the version of the image's kernel.")],
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(json) && result.GetValue(format) is not null)
            {
                result.AddError("--json and --format exclude each other");
            }
        });
        command.SetAction(parsed =>
        {
            using DirectoryHandle root = DirectoryHandle.Open(parsed.GetRequiredValue(rootfs));
            Write(ImageInspection.Read(root), parsed.GetValue(json) ? "json" : parsed.GetValue(format) ?? "human");
        });
        return command;
    }

    private static void Write(ImageInspection image, string format)
    {
        switch (format)
        {
            case "json":
                StandardOutput.Write([.. image.ToJson(), (byte)'\n']);
                break;
            case "yaml":
                var yaml = new StringWriter();
                YamlWriter.Write(image.ToJson(), yaml);
                StandardOutput.Write(Encoding.UTF8.GetBytes(yaml.ToString()));
                break;
            default:
                Console.Out.WriteLine($"Kernel: {image.Kernel?.Version ?? "<none>"}");
                if (image.Kernel is { } kernel)
                {
                    Console.Out.WriteLine($"  Type: {(kernel.Unified ? "UKI" : "vmlinuz")}");
                }

                Console.Out.WriteLine($" Kargs: {(image.Kargs.Count == 0 ? "<none>" : string.Join(' ', image.Kargs))}");
                break;
        }
    }
}
