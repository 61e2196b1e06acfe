// bootc agent status
using System.CommandLine;
using System.Globalization;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Updates;
using Bootc.Updates.Agent;
using Bootc.Updates.Git;

namespace Bootc.Cli.Commands;

internal static class AgentStatusCommand
{
    private static readonly (AgentStateKind Kind, string Meaning)[] States =
    [
        (AgentStateKind.Initialized, "the host is to be reported as well"),
        (AgentStateKind.ReportedSteady, "the host is well"),
        (AgentStateKind.NoNewUpdate, "there is no update"),
        (AgentStateKind.UpdateAvailable, "an update is to be fetched and staged"),
        (AgentStateKind.UpdateStaged, "an update waits for the reboot"),
        (AgentStateKind.UpdateFinalized, "the host reboots into it"),
    ];

    public static Command Create()
    {
        var format = new Option<string?>("--format") { Description = "human (the default) or json", HelpName = "FORMAT" }.OneOf("human", "json");
        var command = new DocumentedCommand("status", "Show what the update agent does, and what it waits for", format)
        {
            Examples = [("bootc agent status --format json | jq -r .status", "In one line.")],
        };
        command.SetAction(parsed =>
        {
            var file = new AgentReportFile(parsed.GetValue(BootcCommand.SysrootOption)!);
            AgentReport report = file.TryRead() ?? throw new UpdatesException($"the update agent has not run since the host booted ({file.Path} is not there); 'systemctl enable --now bootc-agent' starts it");
            if (parsed.GetValue(format) == "json")
            {
                StandardOutput.Write([.. report.ToJson(), (byte)'\n']);
            }
            else
            {
                Write(report, Console.Out, DateTimeOffset.UtcNow);
            }
        });
        return command;
    }

    /// <summary>The states one below the other, the one in which the agent is marked, and what there is to say of it.</summary>
    internal static void Write(AgentReport report, TextWriter output, DateTimeOffset now)
    {
        foreach ((AgentStateKind kind, string meaning) in States)
        {
            output.WriteLine($"{(kind == report.State ? "●" : " ")} {kind,-16} {meaning}");
        }

        output.WriteLine();
        Line("Status", $"{report.Status}, since {Show(report.Since)}");
        Line("Target", report.TargetVersion is null ? null : $"{report.TargetVersion} ({report.TargetImage})");
        Line("Follows", report.Follows);
        Line("Strategy", report.Strategy);
        Line("Dead end", report.DeadEnd);
        Line("Commit", report.Git is { Commit: { } commit } led ? $"{commit}, signed by {led.Signer}" : null);
        Line("Host", report.Git is { } host ? $"{Describe(host.State)}: {host.Message}" : null);
        foreach (string difference in report.Git?.Differences ?? [])
        {
            Line("", difference);
        }

        Line("Waits for", report.Git?.Problem);
        Line("Next step", report.Next is { } next ? next > now ? $"in {Describe(next - now)}" : "now" : "none");

        void Line(string name, string? value)
        {
            if (value is not null)
            {
                output.WriteLine($"{(name.Length == 0 ? "" : name + ":"),-11}{value}");
            }
        }
    }

    private static string Describe(HostState state) => state switch
    {
        HostState.InSync => "in sync",
        _ => state.ToString().ToLowerInvariant(),
    };

    private static string Show(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Describe(TimeSpan span) => span.TotalHours >= 1 ? $"{(int)span.TotalHours} h {span.Minutes} min" : span.TotalMinutes >= 1 ? $"{span.Minutes} min" : $"{span.Seconds} s";
}
