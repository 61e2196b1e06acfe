// `edit`: the host becomes what a document says.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class EditTests
{
    [Fact]
    public void Another_image_is_switched_to_and_the_same_document_changes_nothing()
    {
        using var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();
        WrittenImage other = CliHost.Image("2").WriteTo(host["other"], "stable");
        string document = host["host.yaml"];
        File.WriteAllText(document, $"apiVersion: org.containers.bootc/v1\nkind: BootcHost\nspec:\n  image: {{image: \"{other.Layout}:stable\", transport: oci}}\n");

        Assert.Contains("Deployed: " + other.Reference, host.Run("edit", "-f", document).Succeeded());
        Assert.Equal("Nothing to change: the host is as the document says\n", host.Run("edit", "-f", document).Succeeded());
        Assert.Contains("imageDigest: " + other.ManifestDigest, host.Run("status", "--format", "yaml").Succeeded());
    }

    [Fact]
    public void Remote_that_signs_is_written_as_bootc_reads_it()
    {
        using var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();
        host.Shell("sed -i 's/^container-image-reference=.*/container-image-reference=ostree-remote-image:fedora:docker:\\/\\/quay.example\\/os/' $SYSROOT/ostree/deploy/default/deploy/*.origin").Succeeded();

        string yaml = host.Run("status", "--format", "yaml").Succeeded();

        Assert.Contains("    signature: !ostreeRemote fedora\n", yaml);
        File.WriteAllText(host["host.yaml"], yaml);
        Assert.Equal("Nothing to change: the host is as the document says\n", host.Run("edit", "-f", host["host.yaml"]).Succeeded());
    }

    [Fact]
    public void An_editor_that_changes_nothing_changes_nothing_and_one_that_fails_is_told_of()
    {
        using var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();

        Assert.Equal("Nothing to change: the host is as the document says\n", host.Shell("VISUAL='true' $BOOTC edit --sysroot $SYSROOT").Succeeded());
        CommandResult failed = host.Shell("VISUAL='false' $BOOTC edit --sysroot $SYSROOT");
        Assert.Equal((1, "error: the editor 'false' exited with 1; nothing was changed\n"), (failed.ExitCode, failed.Error));
        CommandResult broken = host.Shell("VISUAL='sed -i s/BootcHost/Other/' $BOOTC edit --sysroot $SYSROOT");
        Assert.Equal((1, "error: the edited document:"), (broken.ExitCode, broken.Error[..27]));
    }
}
