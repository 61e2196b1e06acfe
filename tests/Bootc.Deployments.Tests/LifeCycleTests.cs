// switch, upgrade and rollback, one after the other, as a user runs them.
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class LifeCycleTests
{
    [Fact]
    public void Switch_upgrade_and_rollback_change_what_boots_next()
    {
        using var host = new TestHost();
        var titles = new List<string>();

        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        titles.Add(Titles(host));
        OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Upgrade();
        titles.Add(Titles(host));
        host.Rollback();
        titles.Add(Titles(host));
        host.Rollback();
        titles.Add(Titles(host));

        Assert.Equal(
            [
                "Test OS 1 (ostree:0)",
                "Test OS 2 (ostree:0), Test OS 1 (ostree:1)",
                "Test OS 1 (ostree:0), Test OS 2 (ostree:1)",
                "Test OS 2 (ostree:0), Test OS 1 (ostree:1)",
            ],
            titles);
    }

    [Fact]
    public void Upgrade_fetches_only_the_layer_that_changed()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        WrittenImage second = OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Progress.Fetched.Clear();

        OperationOutcome outcome = host.Upgrade();

        Assert.Equal(OperationOutcome.Changed, outcome);
        Assert.Equal([second.LayerDigests[^1]], host.Progress.Fetched);
    }

    [Fact]
    public void Upgrade_without_a_newer_image_changes_nothing()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));

        Assert.Equal(OperationOutcome.Unchanged, host.Upgrade());
    }

    private static string Titles(TestHost host) => string.Join(", ", host.Deployments.Select(deployment => deployment.Entry.Title));
}
