// A sysroot in a temporary directory and the commands that a test runs on it.
using Bootc.Oci;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

/// <summary>A host for one test: the sysroot at <see cref="Path"/>, images in a layout beside it.</summary>
internal sealed class TestHost : IDisposable
{
    private readonly TestDirectory _directory;

    public TestHost(string? stateroot = "default")
    {
        Peer.RequireRoot("deployments are owned by root and made immutable");
        _directory = new TestDirectory("host");
        Directory.CreateDirectory(Path);
        if (stateroot is not null)
        {
            Sysroot.Initialize(Path, stateroot);
        }
    }

    /// <summary>The sysroot.</summary>
    public string Path => _directory["sysroot"];

    /// <summary>The layout that images are written to.</summary>
    public string Images => _directory["images"];

    public RecordedProgress Progress { get; } = new();

    /// <summary>The path of a name in the sysroot.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>The path of a name beside the sysroot.</summary>
    public string Beside(string name) => _directory[name];

    public OperationOutcome Switch(WrittenImage image, bool retain = false) => Switch(image.Reference, retain);

    public OperationOutcome Switch(string reference, bool retain = false)
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        var target = OstreeImageReference.Unverified(ImageReference.Parse(reference));
        return Wait(new SwitchOperation(sysroot, new OciOptions(), Progress) { Target = target, Retain = retain }.RunAsync(TestContext.Current.CancellationToken));
    }

    public OperationOutcome Upgrade()
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        return Wait(new UpgradeOperation(sysroot, new OciOptions(), Progress).RunAsync(TestContext.Current.CancellationToken));
    }

    public OperationOutcome Rollback()
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        return new RollbackOperation(sysroot, Progress).Run(TestContext.Current.CancellationToken);
    }

    /// <summary>The deployments in boot order, as one sees them who opens the sysroot now.</summary>
    public IReadOnlyList<Deployment> Deployments
    {
        get
        {
            using Sysroot sysroot = Sysroot.Open(Path);
            return sysroot.Deployments;
        }
    }

    /// <summary>Runs <c>ostree</c> of the reference tools.</summary>
    public CommandResult Ostree(params string[] arguments) => Oracle.Run("ostree", arguments);

    public void Dispose() => _directory.Dispose();

    private static OperationOutcome Wait(Task<OperationOutcome> operation) => operation.GetAwaiter().GetResult();
}
