// Time zones by their names in the tz database.
namespace Bootc.Updates.Windows;

/// <summary>Finds time zones.</summary>
public static class TimeZones
{
    private const string Local = "localtime";
    private const string Database = "zoneinfo/";

    /// <summary>Finds a zone: a name of the tz database, or <c>localtime</c> for that of the host.</summary>
    /// <param name="name">The name.</param>
    /// <param name="root">The host's root, whose <c>/etc/localtime</c> counts; where it is missing, UTC does.</param>
    /// <exception cref="UpdatesException">There is no such zone.</exception>
    public static TimeZoneInfo Find(string name, string root = "/")
    {
        if (name == Local)
        {
            return FindLocal(Path.Combine(root, "etc/localtime"));
        }

        // The system would also take paths and names of other databases.
        if (name.Length == 0 || name.StartsWith('/') || name.Split('/').Contains("..") || !TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone))
        {
            throw new UpdatesException($"there is no time zone '{name}': a name of the tz database is wanted, as Europe/Rome or UTC, or localtime");
        }

        return zone;
    }

    private static TimeZoneInfo FindLocal(string path)
    {
        if (new FileInfo(path).LinkTarget is not { } target)
        {
            return Path.Exists(path) ? throw new UpdatesException($"{path} is no symbolic link that names a time zone") : TimeZoneInfo.Utc;
        }

        int start = target.IndexOf(Database, StringComparison.Ordinal);
        return start < 0 ? throw new UpdatesException($"{path} leads to {target}, which is no time zone") : Find(target[(start + Database.Length)..]);
    }
}
