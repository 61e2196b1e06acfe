// install reset: the host's image once more, with an /etc and a /var that nobody has touched.
using System.Globalization;
using Bootc.Deployments;
using Bootc.Deployments.Boot;
using Bootc.Import;
using Bootc.Oci;
using Bootc.Ostree.Objects;

namespace Bootc.Install;

/// <summary>Makes a deployment in a stateroot of its own. The old stateroot stays on the disk, and its deployment can still be booted.</summary>
public sealed class ResetOperation(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    private static readonly string[] RootArguments = ["root", "rootflags", "rootfstype", "rw", "ro", "systemd.mount-extra"];

    /// <summary>The image; that which runs unless one is given.</summary>
    public OstreeImageReference? Target { get; init; }

    /// <summary>The name of the new stateroot; one is made of the year unless it is given.</summary>
    public string? Stateroot { get; init; }

    /// <summary>Kernel arguments to add.</summary>
    public IReadOnlyList<string> KernelArguments { get; init; } = [];

    /// <summary>Whether the arguments by which the root is found are not taken over.</summary>
    public bool WithoutRootArguments { get; init; }

    /// <summary>Runs the operation.</summary>
    /// <exception cref="InstallException">There is nothing to make a deployment of, or the stateroot is there.</exception>
    public async Task<OperationOutcome> RunAsync(CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        Deployment current = sysroot.Current ?? throw new InstallException($"{sysroot.Path} has no deployment that could be reset");
        OstreeImageReference image = Target ?? current.Origin.Image ?? throw new InstallException($"{current.DirectoryName} follows no image: name one with --target-imgref");
        string stateroot = Stateroot ?? ChooseName();
        if (sysroot.ListStateroots().Contains(stateroot))
        {
            throw new InstallException($"there is a stateroot '{stateroot}' already");
        }

        var context = new OperationContext(sysroot, oci, progress);
        PulledImage? pulled = null;
        if (Target is not null)
        {
            PreparedImport prepared = await context.PrepareAsync(image, cancellation).ConfigureAwait(false);
            context.WarnOfDowngrade(image, current.Origin.Image);
            pulled = await context.PullAsync(prepared, cancellation).ConfigureAwait(false);
        }

        Checksum commit = pulled?.Image.MergeCommit ?? ImageStore.BaseOf(sysroot.Repository, current.Commit);
        context.FetchBoundImages(commit, Origin.ForImage(image), cancellation);
        Sysroot.Initialize(sysroot.Root, stateroot);
        progress.Step("Deploying");
        Deployment deployment = sysroot.Deploy(new DeployRequest
        {
            Stateroot = stateroot,
            Commit = commit,
            Origin = Origin.ForImage(image),
            KernelArguments = [.. InheritedArguments(current), .. KernelArguments.SelectMany(text => Deployments.Boot.KernelArguments.Parse(text).Words)],
            ComposefsImage = pulled?.Composefs,
        });
        if (sysroot.Booted is null)
        {
            sysroot.WriteDeployments(sysroot.ListWith(deployment, current, retain: false));
        }

        context.CleanUp();
        progress.Message($"{(sysroot.Booted is null ? "Deployed" : "Queued for next boot")}: {image.Image} in the new stateroot '{stateroot}'; what was in '{current.Stateroot}' stays in {sysroot.Path.TrimEnd('/')}/ostree/deploy/{current.Stateroot}");
        return OperationOutcome.Changed;
    }

    private string ChooseName()
    {
        IReadOnlyList<string> taken = sysroot.ListStateroots();
        int year = DateTime.UtcNow.Year;
        return Enumerable.Range(0, int.MaxValue).Select(serial => string.Create(CultureInfo.InvariantCulture, $"s{year}-{serial}")).First(name => !taken.Contains(name));
    }

    // What the image asks for comes by itself.
    private IEnumerable<string> InheritedArguments(Deployment current) => WithoutRootArguments ? [] : Deployments.Boot.KernelArguments.Parse(current.Entry.Options).Words
        .Where(word => RootArguments.Contains(word.Split('=')[0]) || word.StartsWith("rd.", StringComparison.Ordinal));
}
