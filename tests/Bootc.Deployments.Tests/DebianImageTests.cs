// The project's own Debian image, out of a real registry: what is deployed is what other tools unpack and deploy.
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

/// <summary>Needs the registry that <c>make registry</c> starts (REGISTRY names another); <c>make test</c> has it running.</summary>
public sealed partial class DebianImageTests
{
    private static readonly string Registry = Environment.GetEnvironmentVariable("REGISTRY") is { Length: > 0 } set ? set : "127.0.0.1:5080";

    [Fact]
    public void The_tree_is_the_one_that_umoci_unpacks_and_libostree_finds_all_of_it_sound()
    {
        RequireImages();
        Peer.Require("skopeo", "umoci", "getfattr");
        using var host = new TestHost();
        Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", $"docker://{Registry}/bootc/example:v2", $"oci:{host.Beside("image")}:v2").Succeeded();
        Peer.Run("umoci", "unpack", "--image", $"{host.Beside("image")}:v2", host.Beside("bundle")).Succeeded();

        host.Switch($"docker://{Registry}/bootc/example:v1");
        host.Switch($"docker://{Registry}/bootc/example:v2");

        Deployment deployment = host.Deployments[0];
        Oracle.Run("ostree", "checkout", "--repo", host["ostree/repo"], deployment.Commit.ToString(), host.Beside("checkout")).Succeeded();
        Assert.Equal(Listing(AsOstreeHasIt(host.Beside("bundle/rootfs"))), Listing(host.Beside("checkout")));
        host.AssertSound();
    }

    [Fact]
    public void Libostree_deploys_our_commit_to_the_same_tree_with_the_same_composefs_image()
    {
        RequireImages();
        using var ours = new TestHost();
        ours.Switch($"docker://{Registry}/bootc/example:v2");
        using var theirs = new TestHost();
        Oracle.Run("ostree", "pull-local", "--repo", theirs["ostree/repo"], ours["ostree/repo"], ours.Deployments[0].Commit.ToString()).Succeeded();
        Oracle.Run("ostree", "admin", "deploy", "--sysroot", theirs.Path, "--os", "default", ours.Deployments[0].Commit.ToString()).Succeeded();

        Assert.Equal(
            TreeListing.Of(ours[ours.Deployments[0].Path], ".ostree.cfs"),
            TreeListing.Of(theirs[theirs.Deployments[0].Path], ".ostree.cfs"));

        // Without fs-verity libostree leaves digests out of the image; we never do. But for them, the images are the same.
        Assert.Equal(
            WithoutDigests(Dump(theirs[theirs.Deployments[0].Path + "/.ostree.cfs"])),
            WithoutDigests(Dump(ours[ours.Deployments[0].Path + "/.ostree.cfs"])));
    }

    private static string Dump(string image) => Oracle.Run("composefs-info", "dump", image).Succeeded();

    private static string WithoutDigests(string dump) => DigestField().Replace(dump, " -");

    [GeneratedRegex(" [0-9a-f]{64}(?= |$)", RegexOptions.Multiline)]
    private static partial Regex DigestField();

    // /etc is kept as defaults, and what lies below the mount points of API file systems belongs to no image.
    private static string AsOstreeHasIt(string root)
    {
        Directory.Move($"{root}/etc", $"{root}/usr/etc");
        foreach (string mountPoint in (string[])["dev", "proc", "run", "sys", "tmp"])
        {
            if (Directory.Exists($"{root}/{mountPoint}"))
            {
                Peer.Run("find", $"{root}/{mountPoint}", "-mindepth", "1", "-delete").Succeeded();
            }
        }

        return root;
    }

    private static string Listing(string root)
    {
        string attributes = Peer.Run("sh", "-c", "cd \"$0\" && getfattr -R -h -d -m - -e hex . 2> /dev/null", root).Succeeded();
        return TreeListing.Of(root) + string.Join("\n\n", attributes.Split("\n\n").Order(StringComparer.Ordinal));
    }

    private static void RequireImages()
    {
        Oracle.Require();
        try
        {
            using var client = new TcpClient();
            client.Connect(Registry.Split(':')[0], int.Parse(Registry.Split(':')[1]));
        }
        catch (SocketException)
        {
            Assert.Skip($"no registry with the project's images is at {Registry}: 'make registry' starts it");
        }
    }
}
