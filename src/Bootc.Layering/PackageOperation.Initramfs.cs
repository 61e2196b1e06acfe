// initramfs, initramfs-etc: another initramfs for the same image.
using Bootc.Deployments;

namespace Bootc.Layering;

public sealed partial class PackageOperation
{
    /// <summary>Wants an initramfs that is made on the host, and follows its settings.</summary>
    /// <param name="arguments">Further arguments for dracut.</param>
    /// <param name="cancellation">Ends the operation.</param>
    /// <exception cref="LayeringException">The initramfs cannot be made.</exception>
    public OperationOutcome EnableInitramfs(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        if (arguments.FirstOrDefault(argument => argument.Length == 0 || argument != argument.Trim() || argument.AsSpan().ContainsAny(";\n\r")) is { } bad)
        {
            throw new LayeringException($"'{bad}' is no argument that an origin can keep: it is empty, or has a semicolon, an end of line or spaces around it");
        }

        return Change(wish => wish with { Regenerate = true, Arguments = arguments }, cancellation);
    }

    /// <summary>Wants the image's own initramfs again.</summary>
    public OperationOutcome DisableInitramfs(CancellationToken cancellation) => Change(wish => wish with { Regenerate = false, Arguments = [] }, cancellation);

    /// <summary>Wants files of <c>/etc</c> in the initramfs, and others no more.</summary>
    /// <param name="track">Files and directories that it is to have, by their absolute paths.</param>
    /// <param name="untrack">Those that it is to have no more.</param>
    /// <param name="untrackAll">Whether that is all that it has.</param>
    /// <param name="cancellation">Ends the operation.</param>
    /// <exception cref="LayeringException">A file is not in <c>/etc</c>, or is not among those that it has.</exception>
    public OperationOutcome ChangeInitramfsFiles(IReadOnlyList<string> track, IReadOnlyList<string> untrack, bool untrackAll, CancellationToken cancellation)
    {
        foreach (string file in track)
        {
            InitramfsFiles.Require(file);
        }

        return Change(wish =>
        {
            if (!Idempotent && untrack.FirstOrDefault(file => !wish.Files.Contains(file)) is { } unknown)
            {
                throw new LayeringException($"{unknown} is not among the files that the initramfs has besides ({List(wish.Files)})");
            }

            return wish with { Files = [.. (untrackAll ? [] : wish.Files.Except(untrack)).Union(track)] };
        }, cancellation);
    }

    /// <summary>Makes the initramfs again where the files of the host that are in it have changed.</summary>
    /// <exception cref="LayeringException">It is the image's own.</exception>
    public OperationOutcome SyncInitramfs(CancellationToken cancellation) => Run(
        current => current.Origin.Initramfs.IsEmpty
            ? throw new LayeringException("the initramfs is the image's own: no file of the host is in it")
            : current.Origin.ForNewDeployment(),
        cancellation,
        isRefresh: true);

    private OperationOutcome Change(Func<InitramfsWish, InitramfsWish> change, CancellationToken cancellation) =>
        Run(current => current.Origin.WithInitramfs(change(current.Origin.Initramfs)), cancellation);
}
