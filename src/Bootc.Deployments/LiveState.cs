// What was put onto the running deployment since it booted.
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>The commit that the running deployment's <c>/usr</c> shows, where that is not its own; kept in <c>/run</c>, so that it ends with the boot.</summary>
/// <param name="Deployment">The name of the deployment's directory.</param>
/// <param name="Commit">The commit.</param>
/// <param name="Transient">Packages that no deployment has, and that are gone with the next boot.</param>
public sealed record LiveState(string Deployment, Checksum Commit, IReadOnlyList<string> Transient)
{
    /// <summary>The ref that keeps the commit in the repository as long as it counts.</summary>
    public const string Ref = "bootc/live";

    private const string FilePath = "/run/bootc/live";
    private const string Group = "live";

    /// <summary>What was put onto the running deployment, if anything.</summary>
    public static LiveState? TryRead(Sysroot sysroot)
    {
        if (sysroot.Booted is not { } booted || !File.Exists(FilePath))
        {
            return null;
        }

        KeyFile file;
        try
        {
            file = KeyFile.Parse(File.ReadAllText(FilePath));
        }
        catch (FormatException e)
        {
            throw new DeploymentException($"{FilePath} is malformed: {e.Message}", e);
        }

        return file.GetString(Group, "deployment") == booted.DirectoryName && Checksum.TryParse(file.GetString(Group, "commit"), out Checksum commit)
            ? new LiveState(booted.DirectoryName, commit, file.ReadList(Group, "transient"))
            : null;
    }

    /// <summary>Writes it down.</summary>
    public void Write()
    {
        KeyFile file = new KeyFile().SetString(Group, "deployment", Deployment).SetString(Group, "commit", Commit.ToString());
        file.WriteList(Group, "transient", Transient);
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllText(FilePath + ".new", file.ToString());
        File.Move(FilePath + ".new", FilePath, overwrite: true);
    }
}
