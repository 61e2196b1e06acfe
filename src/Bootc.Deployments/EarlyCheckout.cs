// A deployment's files, made while it is still found out whether there is to be such a deployment.
using Bootc.Linux;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>
/// The checkout of a commit, made on another thread under the name that the deployment will have. As long as no boot entry leads to
/// it, it is none: what a killed program leaves of it goes with the next clean-up, by libostree or by this program.
/// </summary>
internal sealed class EarlyCheckout : IDisposable
{
    private readonly DirectoryHandle _deploy;
    private readonly Task _work;
    private bool _ended;

    /// <summary>Starts to make it.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="stateroot">The stateroot of the deployment.</param>
    /// <param name="serial">What tells the deployment from others of the commit.</param>
    /// <param name="deploy">The directory of the stateroot's deployments, which this takes over.</param>
    /// <param name="make">Makes the files in that directory, under the name that it is given.</param>
    public EarlyCheckout(Checksum commit, string stateroot, int serial, DirectoryHandle deploy, Action<string> make)
    {
        Commit = commit;
        Stateroot = stateroot;
        Serial = serial;
        _deploy = deploy;
        _work = Task.Run(() => make(Name));
    }

    /// <summary>The commit.</summary>
    public Checksum Commit { get; }

    /// <summary>The stateroot of the deployment.</summary>
    public string Stateroot { get; }

    /// <summary>What tells the deployment from others of the commit.</summary>
    public int Serial { get; }

    private string Name => $"{Commit}.{Serial}";

    /// <summary>Waits for the files, which belong to the caller then. Where they could not be made, for whatever reason, nothing is left of them.</summary>
    /// <returns>Whether they are there.</returns>
    public bool TryTake()
    {
        if (!_ended && IsMade())
        {
            End();
            return true;
        }

        Dispose();
        return false;
    }

    /// <summary>Removes what was made, unless it was taken.</summary>
    public void Dispose()
    {
        if (!_ended)
        {
            _ = IsMade();
            try
            {
                _deploy.RemoveTree(Name);
            }
            catch (LinuxException)
            {
                // It goes with the next clean-up; the error that led to this is the one to tell.
            }

            End();
        }
    }

    private bool IsMade()
    {
        ((IAsyncResult)_work).AsyncWaitHandle.WaitOne();
        _ = _work.Exception; // whoever makes the files instead meets it again
        return _work.IsCompletedSuccessfully;
    }

    private void End()
    {
        _ended = true;
        _deploy.Dispose();
    }
}
