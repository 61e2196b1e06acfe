// Damaged objects are taken from the image again, in the store and in deployments.
using Bootc.Oci;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class RepairTests
{
    private const string Changed = "usr/bin/hello";
    private const string Removed = "usr/lib/os-release";

    [Fact]
    public async Task What_was_changed_or_is_missing_is_put_right_and_nothing_else_is_touched()
    {
        Oracle.Require();
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").AddLayer(layer => layer.File("usr/bin/other", "sound\n")).WriteTo(host.Images));
        string deployment = host[host.Deployments[0].Path];
        string state = TreeListing.Of(deployment);
        string sound = Inode(deployment + "/usr/bin/other");
        string[] damaged = [Damage(host, Changed), Damage(host, Removed)];

        IReadOnlySet<ObjectName> repaired = (await Repair(host)).Objects;

        Assert.Equal(damaged.Order(StringComparer.Ordinal), repaired.Select(name => name.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(state, TreeListing.Of(deployment));
        Assert.Equal(sound, Inode(deployment + "/usr/bin/other"));
        foreach ((string path, string name) in new[] { Changed, Removed }.Zip(damaged))
        {
            Assert.Equal(Inode(ObjectPath(host, name)), Inode($"{deployment}/{path}"));
        }

        host.AssertSound();
    }

    [Fact]
    public async Task Without_the_layer_everything_stays_as_it_is()
    {
        using var host = new TestHost();
        WrittenImage image = OsImage.Create("1").WriteTo(host.Images);
        host.Switch(image);
        string name = Damage(host, Changed);
        string content = File.ReadAllText(ObjectPath(host, name));
        foreach (string layer in image.LayerDigests)
        {
            File.Delete(image.BlobPath(layer));
        }

        await Assert.ThrowsAnyAsync<OciException>(() => Repair(host));
        Assert.Equal(content, File.ReadAllText(ObjectPath(host, name)));
    }

    [Fact]
    public async Task Damaged_image_of_a_deployment_is_made_anew()
    {
        Oracle.Require();
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        string image = host[host.Deployments[0].Path + "/.ostree.cfs"];
        byte[] content = File.ReadAllBytes(image);
        File.WriteAllBytes(image, content[..^1]);

        RepairResult repaired = await Repair(host);

        Assert.Equal((0, 1), (repaired.Objects.Count, repaired.Images.Count));
        Assert.Equal(content, File.ReadAllBytes(image));
        host.AssertSound();
    }

    [Fact]
    public void Nothing_of_a_damaged_image_comes_into_the_next_one()
    {
        Oracle.Require();
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        string image = host[host.Deployments[0].Path + "/.ostree.cfs"];
        byte[] content = File.ReadAllBytes(image);
        content[content.Length / 2] ^= 1;
        File.WriteAllBytes(image, content);

        OsImage.Create("2").WriteTo(host.Images);
        host.Upgrade();

        Deployment updated = host.Deployments.Single(deployment => host[deployment.Path + "/.ostree.cfs"] != image);
        using Sysroot sysroot = Sysroot.Open(host.Path);
        Assert.Equal(
            Composefs.ComposefsImage.ComputeDigest(CommitComposefs.BuildTree(sysroot.Repository, updated.Commit)),
            Composefs.FsVerity.VerityHasher.Compute(File.ReadAllBytes(host[updated.Path + "/.ostree.cfs"])));
    }

    // The first is changed through its hard link, the others are gone.
    private static string Damage(TestHost host, string path)
    {
        using Sysroot sysroot = Sysroot.Open(host.Path);
        string name = new ObjectName(sysroot.Repository.OpenTree(host.Deployments[0].Commit).TryGetFile(path)!.Value, ObjectType.File).ToString();
        if (path == Changed)
        {
            File.AppendAllText(ObjectPath(host, name), "rm -rf /\n");
        }
        else
        {
            File.Delete(ObjectPath(host, name));
        }

        return name;
    }

    private static async Task<RepairResult> Repair(TestHost host)
    {
        using Sysroot sysroot = Sysroot.Open(host.Path);
        SysrootCheckResult found = SysrootCheck.Run(sysroot, TestContext.Current.CancellationToken);
        return await new RepairOperation(sysroot, host.Settings, host.Progress).RunAsync(found.Repository, TestContext.Current.CancellationToken);
    }

    private static string ObjectPath(TestHost host, string name) => host[$"ostree/repo/objects/{name[..2]}/{name[2..]}"];

    private static string Inode(string path) => Peer.Run("stat", "-c", "%i", path).Succeeded();
}
