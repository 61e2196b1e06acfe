// The page on which people see who holds and who waits for a lock.
using System.Net;
using System.Text;

namespace Bootc.Updates.FleetLock;

/// <summary>Writes the page: plain HTML that loads nothing and looks again every few seconds.</summary>
internal static class LockPage
{
    public const string ContentType = "text/html; charset=utf-8";

    private const int MaximumWaiting = 200;

    private const string Head = """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><meta name="viewport" content="width=device-width">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>Fleet locks</title>
        <style>
        :root { color-scheme: light dark; }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        table { border-collapse: collapse; width: 100%; margin-bottom: 1rem; }
        th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; }
        td.time { text-align: right; font-variant-numeric: tabular-nums; }
        th.time { text-align: right; }
        meter { width: 8rem; vertical-align: middle; }
        .none { opacity: .6; }
        </style></head><body><h1>Fleet locks</h1>

        """;

    public static string Format(IReadOnlyList<GroupReport> groups, DateTimeOffset now)
    {
        var page = new StringBuilder(Head);
        foreach (GroupReport group in groups)
        {
            page.Append($"<section><h2>{Escape(group.Group)} <meter min=\"0\" max=\"{Math.Max(1, group.TotalSlots)}\" value=\"{group.Holders.Count}\"></meter> {group.Holders.Count} of {group.TotalSlots}</h2>\n");
            WriteTable(page, "Holds a lock", "for", "nobody holds a lock", [.. group.Holders.Select(holder => (holder.Id, holder.Since is { } since ? Duration(now - since) : "unknown"))]);
            WriteTable(page, "Waits", "since its first request", "nobody waits here", [.. group.Waiting.Take(MaximumWaiting).Select(host => (host.Id, Duration(now - host.Since)))]);
            if (group.Waiting.Count > MaximumWaiting)
            {
                page.Append($"<p class=\"none\">and {group.Waiting.Count - MaximumWaiting} more</p>\n");
            }

            page.Append("</section>\n");
        }

        return page.Append($"<footer class=\"none\">{now.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC; hosts that wait are those that asked this server</footer></body></html>\n").ToString();
    }

    /// <summary>A time as its two largest units: <c>3 h 12 min</c>.</summary>
    internal static string Duration(TimeSpan time) => time switch
    {
        { Ticks: < 0 } => "0 s",
        { TotalMinutes: < 1 } => $"{time.Seconds} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        { TotalDays: < 1 } => $"{time.Hours} h {time.Minutes} min",
        _ => $"{(int)time.TotalDays} d {time.Hours} h",
    };

    private static void WriteTable(StringBuilder page, string what, string time, string none, IReadOnlyList<(string Id, string Time)> rows)
    {
        page.Append($"<table><tr><th>{what}</th><th class=\"time\">{time}</th></tr>\n");
        foreach ((string id, string duration) in rows)
        {
            page.Append($"<tr><td>{Escape(id)}</td><td class=\"time\">{duration}</td></tr>\n");
        }

        page.Append(rows.Count == 0 ? $"<tr><td class=\"none\" colspan=\"2\">{none}</td></tr></table>\n" : "</table>\n");
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
