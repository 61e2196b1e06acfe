// A root has the labels that libselinux asks for, wherever the installation made something; and the store stays what it was.
using System.Text.Json.Nodes;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Install.Tests;

public class RootLabelTests
{
    private const string Attribute = "security.selinux";

    private const string Contexts = """
        /.*	system_u:object_r:default_t:s0
        /	-d	system_u:object_r:root_t:s0
        /[^/]+	--	system_u:object_r:etc_runtime_t:s0
        /boot(/.*)?	system_u:object_r:boot_t:s0
        /boot/loader[^/]*	-l	system_u:object_r:boot_link_t:s0
        /lost\+found	-d	system_u:object_r:lost_found_t:s0
        /ostree(/.*)?	system_u:object_r:usr_t:s0
        /ostree/repo/.*	system_u:object_r:repo_t:s0
        /ostree/deploy(/.*)?	system_u:object_r:deploy_t:s0
        /etc(/.*)?	system_u:object_r:etc_t:s0
        /usr(/.*)?	system_u:object_r:usr_t:s0
        /usr/lib/modules(/.*)?	system_u:object_r:modules_t:s0
        /usr/share/free(/.*)?	<<none>>
        /var(/.*)?	system_u:object_r:var_t:s0
        /var/log(/.*)?	system_u:object_r:var_log_t:s0
        """;

    [Fact]
    public void All_that_is_made_has_the_labels_of_the_images_policy()
    {
        Oracle.Require();
        using var root = new MountedRoot(Image("enforcing"));
        Directory.CreateDirectory(root.Beside("policy"));
        File.WriteAllText(root.Beside("policy/file_contexts"), Contexts + "\n");
        File.WriteAllText(root.Beside("keys"), "ssh-ed25519 AAAA root@example\n");
        using var policy = new PolicyLibrary(root.Beside("policy/file_contexts"));

        root.Bootc("install", "to-filesystem", "--source-imgref", root.Image, "--bootloader", "none", "--root-ssh-authorized-keys", root.Beside("keys"), root.Path).Succeeded();

        using DirectoryHandle directory = DirectoryHandle.Open(root.Path);
        string deployment = Path.GetRelativePath(root.Path, Directory.GetDirectories(root["ostree/deploy/default/deploy"]).Single());
        var wrong = new List<string>();
        int seen = 0;
        Visit(".", "/");
        Assert.Empty(wrong);
        Assert.True(seen > 50, $"{seen}");
        Assert.Equal("system_u:object_r:etc_t:s0", LabelOf($"{deployment}/etc/tmpfiles.d/bootc-root-ssh.conf"));
        Assert.Equal("system_u:object_r:usr_t:s0", LabelOf($"{deployment}/.ostree.cfs"));
        Assert.Equal("system_u:object_r:var_log_t:s0", LabelOf("ostree/deploy/default/var/log/first"));
        Assert.Null(LabelOf($"{deployment}/usr/share/free/file"));
        Oracle.Run("ostree", "fsck", "--repo", root["ostree/repo"]).Succeeded(); // the label of a file is part of its object
        Assert.Equal("host-disabled", (string?)JsonNode.Parse(File.ReadAllText(root[".bootc-aleph.json"]))!["selinux"]);

        void Visit(string name, string path)
        {
            if (name == deployment)
            {
                return; // the image's own, which is compared with libostree's elsewhere
            }

            FileStatus status = directory.GetStatus(name);
            string known = path == "/ostree" ? "/usr"
                : path.StartsWith("/ostree/deploy/default/var", StringComparison.Ordinal) ? path["/ostree/deploy/default".Length..] : path;
            bool isObject = status.Kind != FileKind.Directory && (status.LinkCount > 1 || path.EndsWith(".file", StringComparison.Ordinal));
            if (!isObject && LabelOf(name) is var label && policy.Lookup(known, status.Mode) is var expected && label != expected)
            {
                wrong.Add($"{path}: {label}, not {expected}");
            }

            seen++;
            foreach (string entry in status.Kind == FileKind.Directory ? Directory.EnumerateFileSystemEntries(root[name]).Select(entry => Path.GetFileName(entry)!) : [])
            {
                Visit(name == "." ? entry : $"{name}/{entry}", $"{path.TrimEnd('/')}/{entry}");
            }
        }

        string? LabelOf(string name) => directory.TryGetExtendedAttribute(name, Attribute) is { } value ? System.Text.Encoding.ASCII.GetString(value).TrimEnd('\0') : null;
    }

    [Theory]
    [InlineData("disabled", "disabled", new string[0])]
    [InlineData("enforcing", "force-target-disabled", new[] { "--disable-selinux" })]
    public void Without_SELinux_nothing_is_labelled(string state, string recorded, string[] options)
    {
        using var root = new MountedRoot(Image(state));

        root.Bootc(["install", "to-filesystem", "--source-imgref", root.Image, "--bootloader", "none", .. options, root.Path]).Succeeded();

        Assert.DoesNotContain(Attribute, Peer.Run("getfattr", "-d", "-m", Attribute, root.Path, root["boot"], root["ostree"], root["ostree/repo/config"]).Output, StringComparison.Ordinal);
        Assert.Equal(recorded, (string?)JsonNode.Parse(File.ReadAllText(root[".bootc-aleph.json"]))!["selinux"]);
        Assert.Equal(options.Length > 0, File.ReadAllText(root["boot/loader/entries/ostree-1.conf"]).Contains(" selinux=0 ", StringComparison.Ordinal));
    }

    private static OsImage Image(string state) => OsImage.Create().AddLayer(layer => layer
        .File("etc/selinux/config", $"SELINUX={state}\nSELINUXTYPE=targeted\n")
        .File("etc/selinux/targeted/policy/policy.33", "policy")
        .File("etc/selinux/targeted/contexts/files/file_contexts", Contexts)
        .File("etc/selinux/targeted/contexts/files/file_contexts.subs_dist", "/usr/etc /etc\n")
        .File("usr/share/free/file", "no label")
        .Directory("var/log").File("var/log/first", "made with the image"));
}
