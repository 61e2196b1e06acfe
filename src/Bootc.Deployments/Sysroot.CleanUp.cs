// Removing what no deployment needs any more.
using Bootc.Import;
using Bootc.Linux;
using Bootc.Ostree;

namespace Bootc.Deployments;

public sealed partial class Sysroot
{
    /// <summary>
    /// Removes deployments, kernels and boot entries that nothing refers to, renews the refs that protect what deployments
    /// are made of, drops layers that no image needs, and prunes the repository.
    /// </summary>
    public PruneResult CleanUp()
    {
        RemoveLeftovers();
        HashSet<Ostree.Objects.Checksum> before = [.. Repository.ListRefs().Select(entry => entry.Value)];
        WriteRefs();
        DropLocalPackages();
        DropLiveCommit();
        ImageStore.PruneLayers(Repository);

        // Only a commit that lost its last ref leaves objects behind; one that never had any waits for the next time.
        before.UnionWith(_commitsLosingRefs);
        before.ExceptWith(Repository.ListRefs().Select(entry => entry.Value));
        _commitsLosingRefs.Clear();
        return before.Count > 0 ? Repository.Prune(depth: 0) : default;
    }

    /// <summary>Removes deployments, kernels and boot entries that are not in force; no content is lost that one of these needs.</summary>
    internal void RemoveLeftovers()
    {
        FollowEntries(); // before anything goes that the boot loader may still refer to
        RemoveOtherVersions();
        RemoveOtherDeployments();
        RemoveOtherKernels();
    }

    /// <summary>Says that a commit is about to lose a ref, so that the next clean-up looks for what it leaves.</summary>
    internal void NoteLoss(Ostree.Objects.Checksum commit) => _commitsLosingRefs.Add(commit);

    private void RemoveOtherVersions()
    {
        int other = BootVersion == 0 ? 1 : 0;
        Root.RemoveTree($"boot/loader.{other}");
        Root.RemoveTree($"ostree/boot.{other}");
        Root.RemoveTree($"ostree/boot.{other}.0");
        Root.RemoveTree($"ostree/boot.{other}.1");
        Root.RemoveTree($"ostree/boot.{BootVersion}.{(SubBootVersion == 0 ? 1 : 0)}");
        RemoveAbandonedLinks("ostree");
        RemoveAbandonedLinks("boot");
    }

    // Links that were about to be renamed when the program was killed.
    private void RemoveAbandonedLinks(string folder)
    {
        using DirectoryHandle? directory = Root.Exists(folder) ? Root.OpenDirectoryFollowingLinks(folder) : null;
        foreach (DirectoryEntry entry in directory?.List() ?? [])
        {
            if (entry.Kind == FileKind.SymbolicLink && (entry.Name == "loader.tmp" || entry.Name.Contains(".tmp-", StringComparison.Ordinal)))
            {
                directory!.RemoveFile(entry.Name);
            }
        }
    }

    private void RemoveOtherDeployments()
    {
        HashSet<string> needed = [.. _deployments.Select(deployment => deployment.Path)];
        foreach (string stateroot in ListStateroots())
        {
            string folder = $"ostree/deploy/{stateroot}/deploy";
            using DirectoryHandle? deploy = Root.TryOpenDirectory(folder);
            foreach (DirectoryEntry entry in deploy?.List() ?? [])
            {
                if (entry.Name.StartsWith('.') && entry.Name.Contains(".origin.", StringComparison.Ordinal))
                {
                    deploy!.RemoveFile(entry.Name); // about to be renamed when the program was killed
                    continue;
                }

                string name = entry.Name.EndsWith(".origin", StringComparison.Ordinal) ? entry.Name[..^7] : entry.Name;
                if (Deployment.TryParseName(name, out _, out _) && !needed.Contains($"{folder}/{name}"))
                {
                    Root.RemoveTree($"ostree/deploy/{stateroot}/backing/{name}");
                    deploy!.TryRemoveFile(name + ".origin");
                    deploy.RemoveTree(name);
                }
            }
        }
    }

    private void RemoveOtherKernels()
    {
        HashSet<string> needed = [.. _deployments.Select(deployment => deployment.KernelDirectoryName)];
        using DirectoryHandle? kernels = Root.TryOpenDirectory("boot/ostree");
        foreach (DirectoryEntry entry in kernels?.List() ?? [])
        {
            // STATEROOT-CHECKSUM, and nothing else that may be kept here.
            bool isKernel = entry.Name.Length > 65 && entry.Name[^65] == '-' && entry.Name.AsSpan(entry.Name.Length - 64).ContainsAnyExcept("0123456789abcdef") == false;
            if (isKernel && !needed.Contains(entry.Name))
            {
                kernels!.RemoveTree(entry.Name);
            }
        }
    }

    private void WriteRefs()
    {
        var wanted = new Dictionary<string, Ostree.Objects.Checksum>();
        for (int i = 0; i < _deployments.Count; i++)
        {
            wanted[$"ostree/{BootVersion}/{SubBootVersion}/{i}"] = _deployments[i].Commit;
        }

        int images = 0;
        foreach (Ostree.Objects.Checksum commit in _deployments.Select(deployment => ImageStore.BaseOf(Repository, deployment.Commit)).Distinct())
        {
            if (ImageStore.QueryCommit(Repository, commit) is not null)
            {
                wanted[$"{ImageStore.BaseImagePrefix}/bootc/{images++}"] = commit;
            }
        }

        ReplaceRefs(["ostree/0", "ostree/1", $"{ImageStore.BaseImagePrefix}/bootc"], wanted);
    }

    // Package files that were given to the host stay as long as a deployment wants them.
    private void DropLocalPackages()
    {
        HashSet<string> wanted = [.. _deployments.SelectMany(deployment => deployment.Origin.Packages.LocalFiles).Select(package => package.Ref)];
        foreach (KeyValuePair<string, Ostree.Objects.Checksum> package in Repository.ListRefs(LocalPackage.RefPrefix))
        {
            if (!wanted.Contains(package.Key))
            {
                Repository.SetRef(package.Key, null);
            }
        }
    }

    // What was put onto the running system is compared with as long as it runs.
    private void DropLiveCommit()
    {
        if (Repository.TryResolveRef(LiveState.Ref) is not null && LiveState.TryRead(this) is null)
        {
            Repository.SetRef(LiveState.Ref, null);
        }
    }

    // New refs come first, so that nothing is without one in between.
    private void ReplaceRefs(string[] prefixes, Dictionary<string, Ostree.Objects.Checksum> wanted)
    {
        Dictionary<string, Ostree.Objects.Checksum> existing = prefixes.SelectMany(prefix => Repository.ListRefs(prefix)).ToDictionary();
        IEnumerable<KeyValuePair<string, Ostree.Objects.Checksum?>> written = wanted.Where(entry => !existing.TryGetValue(entry.Key, out Ostree.Objects.Checksum known) || known != entry.Value)
            .Select(entry => KeyValuePair.Create<string, Ostree.Objects.Checksum?>(entry.Key, entry.Value));
        IEnumerable<KeyValuePair<string, Ostree.Objects.Checksum?>> removed = existing.Keys.Where(name => !wanted.ContainsKey(name))
            .Select(name => KeyValuePair.Create<string, Ostree.Objects.Checksum?>(name, null));
        Repository.SetRefs([.. written, .. removed]);
    }
}
