// What is told while something runs: to people, to programs, or to nobody.
using System.Text.Json.Nodes;
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class ProgressTests
{
    [Fact]
    public void Quiet_commands_print_nothing()
    {
        using var host = new CliHost();
        var printed = new List<string>();

        host.Publish("1");
        printed.Add(Printed(host.Switch("--quiet")));
        host.Publish("2");
        printed.Add(Printed(host.Run("upgrade", "--quiet")));
        printed.Add(Printed(host.Run("upgrade", "--quiet")));
        printed.Add(Printed(host.Run("rollback", "-q")));

        Assert.Equal(["", "", "", ""], printed);
    }

    [Fact]
    public void Logs_get_a_line_for_each_layer()
    {
        using var host = new CliHost();
        host.Publish("1");
        CommandResult result = host.Switch();

        result.Succeeded();
        Golden.Check("switch", result.Output);
        Assert.StartsWith("layers already present: 0; layers to fetch: 2 (", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', result.Error);
    }

    [Fact]
    public void Programs_get_lines_of_JSON()
    {
        using var host = new CliHost();
        JsonSchema schema = JsonSchema.Load(TestData.Get("bootc/progress-v0.schema.json"));
        WrittenImage image = host.Publish("1");

        host.Shell($"exec \"$BOOTC\" switch --quiet --transport oci {host.Images}:latest --sysroot \"$SYSROOT\" --progress-fd 3 3>{host["progress"]}").Succeeded();

        string[] lines = File.ReadAllLines(host["progress"]);
        Assert.All(lines, line => Assert.Empty(schema.Check(line)));
        JsonNode[] events = [.. lines.Select(line => JsonNode.Parse(line)!)];
        Assert.Equal("Start", (string)events[0]["type"]!);
        JsonNode fetched = events.Last(line => (string)line["type"]! == "ProgressBytes");
        Assert.Equal((long)fetched["bytesTotal"]!, (long)fetched["bytes"]!);
        Assert.Equal(image.LayerDigests.Order(), fetched["subtasks"]!.AsArray().Select(layer => (string)layer!["id"]!).Order());
        JsonNode deployed = events.Last(line => (string)line["type"]! == "ProgressSteps");
        Assert.Equal((long)deployed["stepsTotal"]!, (long)deployed["steps"]!);
        Assert.All(deployed["subtasks"]!.AsArray(), step => Assert.True((bool)step!["completed"]!));
    }

    [Fact]
    public void A_closed_descriptor_for_progress_is_an_error_before_anything_is_done()
    {
        using var host = new CliHost();
        host.Publish("1");

        CommandResult result = host.Shell($"exec \"$BOOTC\" switch --transport oci {host.Images}:latest --sysroot \"$SYSROOT\" --progress-fd 9");

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("error: the file descriptor 9 of --progress-fd is not open for writing", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_of_progress_that_goes_away_does_not_stop_the_work()
    {
        using var host = new CliHost();
        host.Publish("1");

        host.Shell($"{{ \"$BOOTC\" switch --quiet --transport oci {host.Images}:latest --sysroot \"$SYSROOT\" --progress-fd 3 3>&1 >&2; echo $? > {host["exit"]}; }} | head -n 1 > {host["first"]}").Succeeded();

        Assert.Equal("0\n", File.ReadAllText(host["exit"]));
    }

    [Fact]
    public void Output_that_no_one_reads_is_no_crash()
    {
        using CliHost host = CliHost.WithTwoDeployments();

        CommandResult result = host.Shell("for format in human yaml json; do \"$BOOTC\" status --format $format --sysroot \"$SYSROOT\" | true; done; \"$BOOTC\" switch --help | true");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(120)]
    public void Terminals_get_bars_that_fit(int width)
    {
        Peer.Require("script", "stty");
        using var host = new CliHost();
        host.Publish("1");

        string output = host.Shell($"TERM=xterm script -qec 'stty cols {width} rows 40; \"$BOOTC\" switch --transport oci {host.Images}:latest --sysroot \"$SYSROOT\"' /dev/null").Succeeded();

        Assert.Contains("100%", output);
        Assert.Contains("Deployed: ", output);
        Assert.DoesNotContain("error", output);
    }

    private static string Printed(CommandResult result) => result.Succeeded() + result.Error;
}
