// bootc internals ostree-container
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Import.Encapsulation;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Signatures.Commits;

namespace Bootc.Cli.Commands;

internal static class OstreeContainerCommand
{
    public static Command Create() => new DocumentedCommand(
        "ostree-container", "Turn ostree commits into images, and such images into commits", CreateEncapsulate(), CreateUnencapsulate());

    private static Command CreateEncapsulate()
    {
        var commit = new Argument<string>("COMMIT") { Description = "The commit: a checksum or a ref; of a sysroot, also booted, staged, default or rollback" };
        var image = new Argument<string>("IMAGE") { Description = "Where to write the image: docker://NAME[:TAG], oci:DIR[:TAG], oci-archive:FILE[:TAG] or dir:DIR" };
        Option<string?> repo = CreateRepoOption();
        var previous = new Option<string?>("--previous") { Description = "The image of a former commit: packages stay in the layers where they are there", HelpName = "IMAGE" };
        var maximum = new Option<int?>("--max-layers") { Description = "How many layers the image may have (64)", HelpName = "N" }.Number();
        var labels = new Option<string[]>("--label") { Description = "A label to add; may be given several times", HelpName = "KEY=VALUE" };
        var fast = new Option<bool>("--compression-fast") { Description = "Compress fast instead of well" };
        Option<string?> compression = CompressionOption.Create("How layers are compressed");
        Option<string?> authFile = LoginCommand.AuthFile("Use the credentials in FILE instead of those at the usual places");
        var command = new DocumentedCommand("encapsulate", "Write an ostree commit as an image, and print the digest of its manifest", commit, image, repo, previous, maximum, labels, compression, fast, authFile)
        {
            Details =
            [
                "The image has the commit itself in it, so that a host that fetches it gets a commit of the same checksum; container engines run it like any other. The same commit with the same options gives the same image.",
                "A layer has the files of whole packages, of dpkg or rpm, so that an upgrade changes few layers. With --previous, packages stay in the layers where they were; new ones join the packages of their source, or the last layer.",
                "In a registry, layers that it has already are not sent again. With zstd:chunked, hosts fetch of a layer only the files that they lack.",
            ],
            Examples =
            [
                ("bootc internals ostree-container encapsulate booted oci:/var/tmp/os:1", "Write the running deployment as an image."),
                ("bootc internals ostree-container encapsulate --repo repo --previous oci:os:1 os/stable oci:os:2", "Write the commit of a ref, in layers like those of the image before."),
                ("bootc internals ostree-container encapsulate --repo repo --previous docker://registry.example.com/os:1 --compression-format zstd:chunked os/stable docker://registry.example.com/os:2", "The same in a registry, for hosts that fetch only what changed."),
            ],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using Sysroot? sysroot = parsed.GetValue(repo) is null ? OpenSysroot.ForReading(parsed) : null;
            using Repository? opened = parsed.GetValue(repo) is { } path ? Repository.Open(path) : null;
            var oci = new OciOptions { AuthFile = parsed.GetValue(authFile) };
            var encapsulation = new CommitEncapsulation(opened ?? sysroot!.Repository, FindCommit(sysroot, opened ?? sysroot!.Repository, parsed.GetRequiredValue(commit)), new EncapsulationOptions
            {
                MaximumLayers = ReadMaximum(parsed.GetValue(maximum)),
                Previous = parsed.GetValue(previous) is { } before ? await ReadManifestAsync(before, oci, cancellation) : null,
                Labels = ReadLabels(parsed.GetValue(labels) ?? []),
                Compression = CompressionOption.Read(parsed, compression),
                CompressFast = parsed.GetValue(fast),
            });
            await using IImageDestination destination = ImageDestinations.Open(ImageReference.Parse(parsed.GetRequiredValue(image)), oci);
            EncapsulatedCommit written = await encapsulation.WriteAsync(destination, null, cancellation);
            foreach (EncapsulatedLayer layer in written.Layers)
            {
                Console.Error.WriteLine($"{Bytes.Short(layer.Layer.Digest)}  {Bytes.Format(layer.Layer.Size),10}  {layer.Name}");
            }

            Console.Out.WriteLine(written.ManifestDigest);
        });
        return command;
    }

    private static Command CreateUnencapsulate()
    {
        var image = new Argument<string>("IMAGE") { Description = "The image, such as oci:DIR[:TAG] or docker://NAME[:TAG]" };
        Option<string?> repo = CreateRepoOption();
        var writeRef = new Option<string?>("--write-ref") { Description = "A ref that shall stand for the commit", HelpName = "REF" };
        var remote = new Option<string?>("--ostree-remote") { Description = "Refuse the commit unless it is signed as the settings of this remote of the repository ask", HelpName = "NAME" };
        var command = new DocumentedCommand("unencapsulate", "Bring the ostree commit in an image into a repository, and print its checksum", image, repo, writeRef, remote)
        {
            Details = ["Every object is checked. The image must hold the commit alone: one with layers on top of it is fetched with 'bootc switch'."],
            Examples = [("bootc internals ostree-container unencapsulate --repo repo --write-ref os/stable docker://registry.example.com/os:1", "Fetch a commit from a registry.")],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using Sysroot? sysroot = parsed.GetValue(repo) is null ? OpenSysroot.ForWriting(parsed, "internals ostree-container unencapsulate") : null;
            using SysrootLock? held = sysroot?.Lock(ErrorReport.Log, cancellation);
            using Repository? opened = parsed.GetValue(repo) is { } path ? Repository.Open(path) : null;
            await using IImageSource source = ImageSources.Open(ImageReference.Parse(parsed.GetRequiredValue(image)));
            Repository repository = opened ?? sysroot!.Repository;
            RemoteTrust? trust = parsed.GetValue(remote) is { } name ? RemoteTrust.Load(repository, name, "/") : null;
            var unencapsulation = new CommitUnencapsulation(repository) { Admit = trust is null ? null : (_, commit, metadata) => trust.Verify(commit, metadata) };
            Console.Out.WriteLine(await unencapsulation.RunAsync(source, parsed.GetValue(writeRef), null, cancellation));
        });
        return command;
    }

    internal static Option<string?> CreateRepoOption() => new("--repo") { Description = "The repository, instead of that of the sysroot", HelpName = "DIR" };

    internal static Checksum FindCommit(Sysroot? sysroot, Repository repository, string name)
    {
        Deployment? deployment = (sysroot, name) switch
        {
            (not null, "booted") => sysroot.Booted ?? throw new DeploymentException($"{sysroot.Path} is not the system that runs"),
            (not null, "staged") => sysroot.Staged ?? throw new DeploymentException($"{sysroot.Path} has no staged deployment"),
            (not null, "default") => sysroot.Default ?? throw new DeploymentException($"{sysroot.Path} has no deployment"),
            (not null, "rollback") => sysroot.Rollback ?? throw new DeploymentException($"{sysroot.Path} has no deployment to roll back to"),
            _ => null,
        };
        return deployment?.Commit ?? repository.ResolveCommit(name);
    }

    private static async Task<ImageManifest> ReadManifestAsync(string image, OciOptions options, CancellationToken cancellation)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(image), options);
        return (await source.FetchManifestAsync(Platform.Current, cancellation)).Manifest;
    }

    private static int ReadMaximum(int? number) => number switch
    {
        null => new EncapsulationOptions().MaximumLayers,
        < EncapsulationOptions.FewestLayers => throw new FormatException($"--max-layers is {number}, and {EncapsulationOptions.FewestLayers} is the least that makes sense"),
        _ => number.Value,
    };

    private static Dictionary<string, string> ReadLabels(string[] labels)
    {
        var read = new Dictionary<string, string>();
        foreach (string label in labels)
        {
            int equals = label.IndexOf('=');
            read[equals > 0 ? label[..equals] : throw new FormatException($"'{label}' is no label: KEY=VALUE is one")] = label[(equals + 1)..];
        }

        return read;
    }
}
