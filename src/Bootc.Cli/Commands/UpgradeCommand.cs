// bootc upgrade
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Import.Packages;
using Bootc.Layering;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Updates.Agent;
using Bootc.Updates.Graph;

namespace Bootc.Cli.Commands;

internal static class UpgradeCommand
{
    private const int MaximumPackagesShown = 20;

    public static Command Create()
    {
        var check = new Option<bool>("--check") { Description = "Say whether there is an update and what it would bring; fetch and change nothing" };
        var reboot = new RebootOptions("Reboot into the update when it is ready");
        var downloadOnly = new Option<bool>("--download-only") { Description = "Fetch the update, and let it wait until --from-downloaded" };
        var fromDownloaded = new Option<bool>("--from-downloaded") { Description = "Use the update that was fetched before, without the network" };
        var force = new Option<bool>("--force") { Description = "Deploy the image even if it did not boot well before" };
        var unsigned = new Option<bool>("--allow-unsigned") { Description = "Accept an update without a signature though the image before was signed" };
        var tag = new Option<string?>("--tag") { Description = "Follow the tag T of the same repository from now on", HelpName = "T" };
        var graph = new Option<string?>("--graph") { Description = "Go where the graph of updates at PLACE leads, a file or URL, instead of the one in the settings", HelpName = "PLACE" };
        var ignoreGraph = new Option<bool>("--ignore-graph") { Description = "Take the newest image, whatever the graph in the settings says" };
        var progress = new ProgressOptions();
        var command = new DocumentedCommand(
            "upgrade", "Fetch the newest image under the name that is followed, and boot it next", check, reboot.Apply, reboot.Soft, downloadOnly, fromDownloaded, force, unsigned, tag, graph, ignoreGraph)
        {
            Details =
            [
                "Only layers that the host does not have are fetched. What runs now is not touched: it stays as the deployment to roll back to.",
                "An image whose deployment failed its health checks is not deployed again until another one is under its name, or --force or --tag is given.",
                "Where the settings of the update agent name a graph of updates (/etc/bootc/agent.d, graph.document or cincinnati.base_url), the host goes to the release that the graph leads to: through barriers one by one, not away from a dead end, and not before a rollout reaches it.",
                "An image that was signed when it was pulled is followed by signed ones only: when the containers policy does not ask for a signature any more, the update is refused unless --allow-unsigned is given. 'bootc status -v' shows who signed what runs.",
            ],
            Examples =
            [
                ("bootc upgrade --check", "Is there an update, and what does it change?"),
                ("bootc upgrade --apply", "Update and reboot."),
                ("bootc upgrade --apply --soft-reboot=auto", "Update, and restart user space alone where that is enough."),
                ("bootc upgrade --download-only", "Fetch now; 'bootc upgrade --from-downloaded --apply' boots it later."),
                ("bootc upgrade --tag 14", "Move to another tag of the same image."),
            ],
        };
        command.Aliases.Add("update");
        progress.AddTo(command);
        command.Exclude(check, reboot.Apply);
        command.Exclude(check, reboot.Soft);
        command.Exclude(downloadOnly, reboot.Soft);
        command.Exclude(check, downloadOnly, fromDownloaded);
        command.Exclude(downloadOnly, reboot.Apply);
        command.Validators.Add(result =>
        {
            if (result.GetValue(graph) is not null && (result.GetValue(ignoreGraph) || result.GetValue(fromDownloaded) || result.GetValue(tag) is not null))
            {
                result.AddError("--graph cannot be used with --ignore-graph, --from-downloaded or --tag");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "upgrade");
            reboot.Check(parsed, sysroot);
            bool isFree = parsed.GetValue(ignoreGraph) || parsed.GetValue(fromDownloaded) || parsed.GetValue(tag) is not null;
            (UpdateDecision Decision, Digest? Image)? choice = isFree ? null : await GraphFollower.DecideAsync(sysroot, parsed.GetValue(graph), cancellation);
            if (choice is { Image: null })
            {
                Console.Out.WriteLine($"No update: {choice.Value.Decision.Describe()}");
                return 0;
            }

            UpgradeOperation Create(IOperationProgress view) => new(sysroot, new OciOptions(), view)
            {
                Release = choice?.Image,
                Tag = parsed.GetValue(tag),
                DownloadOnly = parsed.GetValue(downloadOnly),
                Force = parsed.GetValue(force),
                AllowUnsigned = parsed.GetValue(unsigned),
                FromDownloaded = parsed.GetValue(fromDownloaded),
                Deriver = new PackageLayering(),
            };
            if (parsed.GetValue(check))
            {
                PreparedImport? update = await Create(new PlainProgress()).CheckAsync(cancellation);
                WriteCheck(sysroot, update, PackageCheck.Run(sysroot, update, new PlainProgress(), cancellation));
                return 0;
            }

            OperationOutcome outcome = await progress.CreateView(parsed).RunAsync(view => Create(view).RunAsync(cancellation));
            return reboot.Carry(parsed, sysroot, outcome);
        });
        return command;
    }

    private static void WriteCheck(Sysroot sysroot, PreparedImport? update, PackageCheck packages)
    {
        Deployment current = sysroot.Current!;
        if (update is null)
        {
            ImageReference followed = sysroot.Wished!.Origin.Image!.Image;
            Console.Out.WriteLine(packages.HasNewerLayers ? $"Newer packages for {followed}, which is the same" : $"No changes in: {followed}");
            WritePackages(packages);
            return;
        }

        StoredImage? image = ImageStore.QueryCommit(sysroot.Repository, current.Commit);
        LayerState[] missing = [.. update.LayersToFetch];
        Console.Out.WriteLine($"Update available for: {update.Reference}");
        Console.Out.WriteLine($"  Version: {image?.Version ?? "none"} -> {update.Version ?? "none"}");
        Console.Out.WriteLine($"  Digest:  {update.Manifest.Digest}");
        LayerState[] present = [.. update.Layers.Where(layer => layer.Commit is not null)];
        Console.Out.WriteLine($"  Layers:  {missing.Length} to fetch ({Bytes.Format(update.BytesToFetch)}), {present.Length} reused ({Bytes.Format(present.Sum(layer => layer.Layer.Size))})");
        foreach (LayerState layer in missing)
        {
            string reused = layer.BytesReused > 0 ? $" to fetch, {Bytes.Format(layer.BytesReused)} reused" : "";
            Console.Out.WriteLine($"    {Bytes.Short(layer.Layer.Digest)}  {Bytes.Format(layer.BytesToFetch)}{reused}");
        }

        WritePackages(packages);
    }

    private static void WritePackages(PackageCheck packages)
    {
        if (packages.Image is { } image)
        {
            Write("Packages", image, packages);
        }

        if (packages.HasNewerLayers)
        {
            Write("Packages besides the image", packages.Layers, packages);
        }
    }

    private static void Write(string what, PackageDiff diff, PackageCheck packages)
    {
        Console.Out.WriteLine($"  {what}: {diff.Changed.Count} changed, {diff.Added.Count} added, {diff.Removed.Count} removed");
        PackageDiffLines.Write(diff, Console.Out, packages.Security, MaximumPackagesShown);
    }
}
