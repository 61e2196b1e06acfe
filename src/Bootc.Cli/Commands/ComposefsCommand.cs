// bootc internals composefs
using System.CommandLine;
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;

namespace Bootc.Cli.Commands;

internal static class ComposefsCommand
{
    // A tree of some ten thousand files fits; collecting garbage on the way would take as long as writing the image.
    private const long CollectionFreeBytes = 32 << 20;

    public static Command Create() => new("composefs", "composefs images") { CreateMkfs(), CreateDump(), CreateMeasure() };

    private static Command CreateMkfs()
    {
        var source = new Argument<string>("SRC") { Description = "A directory, or a dump file with --from-dump ('-' is standard input)" };
        var image = new Argument<string>("IMG") { Description = "The image to write" };
        var fromDump = new Option<bool>("--from-dump") { Description = "SRC is a dump file (composefs-dump(5))" };
        var minimum = new Option<int>("--min-version") { Description = "The lowest format version to write", DefaultValueFactory = _ => 0, HelpName = "N" };
        var maximum = new Option<int>("--max-version") { Description = "The highest format version to write", DefaultValueFactory = _ => 1, HelpName = "N" };
        var store = new Option<string?>("--digest-store") { Description = "Copy the files' content to DIR, named by digest", HelpName = "DIR" };
        var useEpoch = new Option<bool>("--use-epoch") { Description = "All times are zero" };
        var skipDevices = new Option<bool>("--skip-devices") { Description = "Leave device nodes out" };
        var skipXattrs = new Option<bool>("--skip-xattrs") { Description = "Leave extended attributes out" };
        var userXattrs = new Option<bool>("--user-xattrs") { Description = "Keep only extended attributes of the namespace user" };
        var command = new Command("mkfs", "Write an image and print its fs-verity digest") { source, image, fromDump, minimum, maximum, store, useEpoch, skipDevices, skipXattrs, userXattrs };
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
            Console.Out.WriteLine(WriteImage(root, Path.GetFullPath(parsed.GetRequiredValue(image)), new ComposefsOptions(parsed.GetValue(minimum), Math.Max(parsed.GetValue(minimum), parsed.GetValue(maximum)))));
        });
        return command;
    }

    private static Command CreateDump()
    {
        var image = new Argument<string>("IMG") { Description = "The image" };
        var command = new Command("dump", "Print the dump file of an image (composefs-dump(5))") { image };
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
        var command = new Command("measure", "Print the fs-verity digest of a file, computed from its content") { path };
        command.SetAction(parsed =>
        {
            using FileStream file = new(parsed.GetRequiredValue(path), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
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
