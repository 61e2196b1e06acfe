// bootc internals composefs
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;

namespace Bootc.Cli.Commands;

internal static class ComposefsCommand
{
    // A tree of some ten thousand files fits; collecting garbage on the way would take as long as writing the image.
    private const long CollectionFreeBytes = 32 << 20;

    public static Command Create() => new DocumentedCommand("composefs", "Make and read composefs images", CreateMkfs(), CreateDump(), CreateMeasure()) { UsesSysroot = false };

    private static Command CreateMkfs()
    {
        var source = new Argument<string>("SRC") { Description = "A directory; with --from-dump a dump file, '-' for standard input" };
        var image = new Argument<string>("IMG") { Description = "The image to write" };
        var fromDump = new Option<bool>("--from-dump") { Description = "SRC is a dump file (composefs-dump(5))" };
        var minimum = new Option<int?>("--min-version") { Description = "The lowest format version to write (0)", HelpName = "N" }.Number();
        var maximum = new Option<int?>("--max-version") { Description = "The highest format version to write, if the tree needs it (1)", HelpName = "N" }.Number();
        var store = new Option<string?>("--digest-store") { Description = "Copy the files' content to DIR, named by digest", HelpName = "DIR" };
        var useEpoch = new Option<bool>("--use-epoch") { Description = "All times are zero" };
        var skipDevices = new Option<bool>("--skip-devices") { Description = "Leave device nodes out" };
        var skipXattrs = new Option<bool>("--skip-xattrs") { Description = "Leave extended attributes out" };
        var userXattrs = new Option<bool>("--user-xattrs") { Description = "Keep only extended attributes of the namespace user" };
        var command = new DocumentedCommand("mkfs", "Write an image of a tree and print its fs-verity digest", source, image, fromDump, minimum, maximum, store, useEpoch, skipDevices, skipXattrs, userXattrs)
        {
            UsesSysroot = false,
            Details = ["The image equals the one that mkcomposefs writes, byte for byte."],
            Examples =
            [
                ("bootc internals composefs mkfs --digest-store objects /srv/tree tree.cfs", "Make an image of a directory, and the store of its files' content."),
                ("bootc internals composefs mkfs --from-dump tree.dump tree.cfs", "Make an image of a dump file."),
            ],
        };
        command.SetAction(parsed =>
        {
            GC.TryStartNoGCRegion(CollectionFreeBytes);
            ComposefsNode root = parsed.GetValue(fromDump)
                ? ReadDump(parsed.GetRequiredValue(source))
                : DirectoryTree.Read(parsed.GetRequiredValue(source), new DirectoryTreeOptions
                {
                    DigestStore = parsed.GetValue(store),
                    UseEpoch = parsed.GetValue(useEpoch),
                    SkipDevices = parsed.GetValue(skipDevices),
                    SkipXattrs = parsed.GetValue(skipXattrs),
                    UserXattrs = parsed.GetValue(userXattrs),
                });
            Console.Out.WriteLine(WriteImage(root, Path.GetFullPath(parsed.GetRequiredValue(image)), new ComposefsOptions(parsed.GetValue(minimum) ?? 0, Math.Max(parsed.GetValue(minimum) ?? 0, parsed.GetValue(maximum) ?? 1))));
        });
        return command;
    }

    private static Command CreateDump()
    {
        var image = new Argument<string>("IMG") { Description = "The image" };
        var command = new DocumentedCommand("dump", "Print the dump file of an image (composefs-dump(5))", image) { UsesSysroot = false };
        command.SetAction(parsed =>
        {
            using Stream output = Console.OpenStandardOutput();
            DumpFile.Write(ComposefsImage.Read(parsed.GetRequiredValue(image)), output);
        });
        return command;
    }

    private static Command CreateMeasure()
    {
        var path = new Argument<string>("FILE") { Description = "Any file" };
        var command = new DocumentedCommand("measure", "Compute the fs-verity digest of a file from its content", path) { UsesSysroot = false };
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(path);
            if (Directory.Exists(name))
            {
                throw new IOException($"'{name}' is a directory, and only a file's content has an fs-verity digest");
            }

            using FileStream file = new(name, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            Console.Out.WriteLine(FileVerity.Compute(file));
        });
        return command;
    }

    private static ComposefsNode ReadDump(string path)
    {
        using Stream dump = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
        return DumpFile.Read(dump);
    }

    // The image gets its name when it is whole.
    private static VerityDigest WriteImage(ComposefsNode root, string path, ComposefsOptions options)
    {
        string temporary = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            VerityDigest digest;
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                digest = ComposefsImage.Write(root, file, options);
            }

            File.Move(temporary, path, overwrite: true);
            return digest;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
