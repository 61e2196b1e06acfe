// kargs: the same commit again, with other kernel arguments.
using Bootc.Deployments.Boot;

namespace Bootc.Deployments;

/// <summary>Shows the kernel arguments of the next boot, and makes a deployment of the same commit with other ones.</summary>
public sealed class KernelArgumentsOperation(Sysroot sysroot, IOperationProgress progress)
{
    /// <summary>On a running host: the new deployment waits to be released before shutdown makes it bootable.</summary>
    public bool DownloadOnly { get; init; }

    /// <summary>The arguments of the next boot, without the one that says which deployment boots.</summary>
    /// <exception cref="DeploymentException">There is no deployment.</exception>
    public static IReadOnlyList<string> Show(Sysroot sysroot) => Show(sysroot, FindBase(sysroot));

    /// <summary>
    /// Changes them: on a running host the new deployment is staged, elsewhere it boots next; the one before stays to fall back to.
    /// On top of an update that waits to be released the change waits with it, and nothing boots otherwise before that.
    /// </summary>
    /// <exception cref="DeploymentException">The changes make no sense, or cannot be deployed.</exception>
    public OperationOutcome Run(KernelArgumentsEdit edit, CancellationToken cancellation) =>
        Run(from => (edit.Apply(sysroot.ArgumentsOf(from)), null), "The kernel arguments are unchanged", cancellation);

    /// <summary>As for any change: makes the arguments that one source has set before give way to others of it. Those of other sources, and of nobody, stay.</summary>
    /// <exception cref="DeploymentException">They cannot be arguments, or cannot be deployed.</exception>
    public OperationOutcome Run(SourcedArguments wanted, CancellationToken cancellation) => Run(
        from => (wanted.Apply(sysroot.ArgumentsOf(from), from.Entry.Extensions), wanted.NoteIn(from.Entry.Extensions)),
        $"The kernel arguments of {wanted.Source} are unchanged",
        cancellation);

    private OperationOutcome Run(
        Func<Deployment, (IReadOnlyList<string> Arguments, IReadOnlyList<KeyValuePair<string, string>>? Notes)> change, string unchanged, CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        Deployment from = FindBase(sysroot);
        (IReadOnlyList<string> arguments, IReadOnlyList<KeyValuePair<string, string>>? notes) = change(from);
        if (sysroot.ArgumentsOf(from).SequenceEqual(arguments) && (notes is null || from.Entry.Extensions.SequenceEqual(notes)))
        {
            progress.Message(unchanged);
            return OperationOutcome.Unchanged;
        }

        return Deploy(from, arguments, notes);
    }

    private OperationOutcome Deploy(Deployment from, IReadOnlyList<string> arguments, IReadOnlyList<KeyValuePair<string, string>>? notes)
    {
        Deployment merge = from.IsStaged ? sysroot.Booted! : from;
        bool isLocked = DownloadOnly || (from.IsStaged && sysroot.IsStagedLocked);
        sysroot.RemoveLeftovers(); // of a run that was killed
        Deployment deployment = sysroot.Deploy(new DeployRequest
        {
            Stateroot = from.Stateroot,
            Commit = from.Commit,
            Origin = from.Origin.ForNewDeployment(),
            Merge = merge,
            KernelArguments = arguments,
            EntryExtensions = notes,
            IsLocked = isLocked,
        });
        if (sysroot.Booted is null)
        {
            sysroot.WriteDeployments(sysroot.ListWith(deployment, merge, retain: false));
        }

        sysroot.CleanUp();
        progress.Message($"{Describe.State(sysroot, isLocked)}: kernel arguments {string.Join(' ', arguments.Where(word => KernelArguments.KeyOf(word) != "ostree"))}");
        return Describe.Outcome(sysroot, isLocked);
    }

    /// <summary>The arguments of a deployment, without the one that says which deployment boots.</summary>
    public static IReadOnlyList<string> Show(Sysroot sysroot, Deployment deployment) => [.. sysroot.ArgumentsOf(deployment).Where(word => KernelArguments.KeyOf(word) != "ostree")];

    private static Deployment FindBase(Sysroot sysroot) => sysroot.Default ?? throw new DeploymentException($"{sysroot.Path} has no deployment that would have kernel arguments");
}
