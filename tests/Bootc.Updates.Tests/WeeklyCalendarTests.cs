// When windows are open: a table of instants.
using Bootc.Testing;
using Bootc.Updates.Agent;
using Bootc.Updates.Windows;

namespace Bootc.Updates.Tests;

public class WeeklyCalendarTests
{
    // Zone, windows (day, start, minutes), instant, whether one is open.
    [Theory]
    // 2026-01-05 is a Monday. An ordinary window, its ends included as zincati includes them.
    [InlineData("UTC", "Mon 14:30 120", "2026-01-05T14:29:59Z", false)]
    [InlineData("UTC", "Mon 14:30 120", "2026-01-05T14:30:00Z", true)]
    [InlineData("UTC", "Mon 14:30 120", "2026-01-05T16:29:59Z", true)]
    [InlineData("UTC", "Mon 14:30 120", "2026-01-05T16:30:59Z", true)]
    [InlineData("UTC", "Mon 14:30 120", "2026-01-05T16:31:00Z", false)]
    [InlineData("UTC", "Mon 14:30 120", "2026-01-06T15:00:00Z", false)]
    [InlineData("UTC", "Mon 14:30 120", "2026-01-05T16:00:00+01:00", true)] // an instant is the same wherever it is told
    // Across midnight.
    [InlineData("UTC", "Tue 23:00 120", "2026-01-06T22:59:59Z", false)]
    [InlineData("UTC", "Tue 23:00 120", "2026-01-06T23:59:59Z", true)]
    [InlineData("UTC", "Tue 23:00 120", "2026-01-07T00:00:00Z", true)]
    [InlineData("UTC", "Tue 23:00 120", "2026-01-07T01:01:00Z", false)]
    // Across the end of the week.
    [InlineData("UTC", "Sun 23:45 60", "2026-01-11T23:44:59Z", false)]
    [InlineData("UTC", "Sun 23:45 60", "2026-01-11T23:59:59Z", true)]
    [InlineData("UTC", "Sun 23:45 60", "2026-01-12T00:00:00Z", true)]
    [InlineData("UTC", "Sun 23:45 60", "2026-01-12T00:45:59Z", true)]
    [InlineData("UTC", "Sun 23:45 60", "2026-01-12T00:46:00Z", false)]
    [InlineData("UTC", "Sun 23:00 60", "2026-01-12T00:00:00Z", false)] // it ends with the week
    [InlineData("UTC", "Sun 00:00 2880", "2026-01-11T00:00:00Z", true)]
    [InlineData("UTC", "Sun 00:00 2880", "2026-01-12T23:59:00Z", true)]
    [InlineData("UTC", "Sun 00:00 2880", "2026-01-13T00:01:00Z", false)]
    [InlineData("UTC", "Wed 12:00 10080", "2026-01-07T11:59:00Z", true)] // a week is always
    [InlineData("UTC", "Wed 12:00 10080", "2026-01-11T23:59:59Z", true)]
    // Several, overlapping and apart.
    [InlineData("UTC", "Sat 23:00 120, Sun 23:00 120, Wed 23:30 25", "2026-01-12T00:30:00Z", true)]
    [InlineData("UTC", "Sat 23:00 120, Sun 23:00 120, Wed 23:30 25", "2026-01-07T23:55:00Z", true)]
    [InlineData("UTC", "Sat 23:00 120, Sun 23:00 120, Wed 23:30 25", "2026-01-07T23:56:00Z", false)]
    [InlineData("UTC", "Mon 10:00 60, Mon 10:30 60", "2026-01-05T11:15:00Z", true)]
    // In a zone: 5 hours behind in winter, 4 in summer.
    [InlineData("America/Toronto", "Mon 00:00 120", "2026-01-05T04:59:59Z", false)]
    [InlineData("America/Toronto", "Mon 00:00 120", "2026-01-05T05:00:00Z", true)]
    [InlineData("America/Toronto", "Mon 00:00 120", "2026-07-06T04:00:00Z", true)]
    [InlineData("America/Toronto", "Mon 00:00 120", "2026-07-06T03:59:59Z", false)]
    [InlineData("Asia/Kathmandu", "Mon 00:00 15", "2026-01-04T18:15:00Z", true)] // 5:45 ahead
    // Clocks go forward on 2026-03-08 at 2:00: that day 2:00 to 3:00 is not there.
    [InlineData("America/New_York", "Sun 01:30 60", "2026-03-08T06:30:00Z", true)] // 1:30 EST
    [InlineData("America/New_York", "Sun 01:30 60", "2026-03-08T06:59:59Z", true)] // 1:59:59 EST
    [InlineData("America/New_York", "Sun 01:30 60", "2026-03-08T07:00:00Z", false)] // 3:00 EDT
    [InlineData("America/New_York", "Sun 02:10 30", "2026-03-08T06:59:59Z", false)] // not on this day at all
    [InlineData("America/New_York", "Sun 02:10 30", "2026-03-08T07:10:00Z", false)]
    [InlineData("America/New_York", "Sun 02:10 30", "2026-03-15T06:10:00Z", true)] // a week later
    // Clocks go back on 2026-11-01 at 2:00: that day 1:00 to 2:00 is there twice.
    [InlineData("America/New_York", "Sun 01:30 60", "2026-11-01T05:30:00Z", true)] // 1:30 EDT
    [InlineData("America/New_York", "Sun 01:30 60", "2026-11-01T05:59:59Z", true)] // 1:59:59 EDT
    [InlineData("America/New_York", "Sun 01:30 60", "2026-11-01T06:00:00Z", false)] // 1:00 EST
    [InlineData("America/New_York", "Sun 01:30 60", "2026-11-01T06:30:00Z", true)] // 1:30 EST
    [InlineData("America/New_York", "Sun 01:30 60", "2026-11-01T07:30:00Z", true)] // 2:30 EST
    [InlineData("America/New_York", "Sun 01:30 60", "2026-11-01T07:31:00Z", false)]
    // A zone whose clocks went over a whole day: there was no 2011-12-30, a Friday, in Apia.
    [InlineData("Pacific/Apia", "Fri 12:00 60", "2011-12-30T22:00:00Z", false)]
    [InlineData("Pacific/Apia", "Sat 12:00 60", "2011-12-30T22:00:00Z", true)]
    public void Instants(string zone, string windows, string instant, bool isOpen) =>
        Assert.Equal(isOpen, Calendar(zone, windows).IsOpen(DateTimeOffset.Parse(instant)));

    [Theory]
    [InlineData("UTC", "Mon 14:30 120", "2026-01-05T14:29:59Z", "2026-01-05T14:30:00Z")]
    [InlineData("UTC", "Mon 14:30 120", "2026-01-05T15:00:01Z", "2026-01-05T15:00:01Z")]
    [InlineData("UTC", "Mon 14:30 120", "2026-01-05T16:31:00Z", "2026-01-12T14:30:00Z")]
    [InlineData("America/New_York", "Sun 02:10 30", "2026-03-07T12:00:00Z", "2026-03-15T06:10:00Z")] // passed over once
    [InlineData("America/New_York", "Sun 01:30 10", "2026-11-01T05:41:00Z", "2026-11-01T06:30:00Z")] // there again
    [InlineData("UTC", "", "2026-01-05T14:29:59Z", null)]
    public void Next(string zone, string windows, string instant, string? opening) =>
        Assert.Equal(opening is null ? null : (DateTimeOffset?)DateTimeOffset.Parse(opening), Calendar(zone, windows).NextOpening(DateTimeOffset.Parse(instant)));

    [Theory]
    [InlineData("")]
    [InlineData("Mars/Olympus")]
    [InlineData("/etc/passwd")]
    [InlineData("../../../etc/passwd")]
    [InlineData("Europe/../Europe/Rome")]
    public void A_zone_that_is_none_is_refused(string name) =>
        Assert.StartsWith($"there is no time zone '{name}'", Assert.Throws<UpdatesException>(() => TimeZones.Find(name)).Message);

    [Fact]
    public void The_hosts_own_zone_is_the_one_that_its_link_names()
    {
        using var root = new TestDirectory("root");
        Assert.Equal(TimeSpan.Zero, TimeZones.Find("localtime", root.Path).BaseUtcOffset);

        Directory.CreateDirectory(root["etc"]);
        File.CreateSymbolicLink(root["etc/localtime"], "../usr/share/zoneinfo/America/Toronto");
        Assert.Equal("America/Toronto", TimeZones.Find("localtime", root.Path).Id);

        File.Delete(root["etc/localtime"]);
        File.CreateSymbolicLink(root["etc/localtime"], "/etc/passwd");
        Assert.Contains("which is no time zone", Assert.Throws<UpdatesException>(() => TimeZones.Find("localtime", root.Path)).Message);
        File.Delete(root["etc/localtime"]);
        root.Write("etc/localtime", "TZif");
        Assert.Contains("is no symbolic link that names a time zone", Assert.Throws<UpdatesException>(() => TimeZones.Find("localtime", root.Path)).Message);
    }

    // Written as agents are told: the table above reads like their files.
    private static WeeklyCalendar Calendar(string zone, string windows)
    {
        var config = new AgentConfig();
        foreach (string[] window in windows.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split(' ')))
        {
            config = config.With($"[[updates.periodic.window]]\ndays = [ \"{window[0]}\" ]\nstart_time = \"{window[1]}\"\nlength_minutes = {window[2]}\n", "table");
        }

        return new WeeklyCalendar(config.Windows, TimeZones.Find(zone));
    }
}
