// Reads the agent's settings: drop-ins in TOML, as zincati has them.
using System.Globalization;
using System.Net;
using Bootc.Updates.FleetLock;
using Bootc.Updates.Git;
using Bootc.Updates.Http;
using Bootc.Updates.Windows;
using Tomlyn;
using Tomlyn.Model;

namespace Bootc.Updates.Agent;

/// <summary>Reads settings. What a file says replaces what files before it said, but windows add up.</summary>
internal static class AgentConfigReader
{
    private static readonly string[] Families = ["zincati/config.d", "bootc/agent.d"];
    private static readonly string[] Bases = ["usr/lib", "run", "etc"];
    private static readonly string[] Strategies = ["immediate", "periodic", "fleet_lock", "git"];

    /// <summary>Reads all files below a root: of files of one name in a family, that of the last place replaces the others.</summary>
    public static AgentConfig Load(string root) => Load(root, Families);

    /// <summary>Reads this project's own files alone.</summary>
    public static AgentConfig LoadOwn(string root) => Load(root, Families[^1..]);

    private static AgentConfig Load(string root, IEnumerable<string> families)
    {
        var config = new AgentConfig();
        foreach (string family in families)
        {
            var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (string folder in Bases.Select(place => Path.Combine(root, place, family)).Where(Directory.Exists))
            {
                foreach (string path in Directory.EnumerateFiles(folder, "*.toml").Where(path => !Path.GetFileName(path).StartsWith('.')))
                {
                    files[Path.GetFileName(path)] = path;
                }
            }

            config = files.Values.Aggregate(config, (current, path) => Read(current, ReadText(path), path));
        }

        return config;
    }

    /// <summary>Reads one file on top of what others said.</summary>
    public static AgentConfig Read(AgentConfig config, string text, string path)
    {
        TomlTable document;
        try
        {
            document = TomlSerializer.Deserialize(text, AgentToml.Default.TomlTable) ?? [];
        }
        catch (TomlException e)
        {
            throw new UpdatesException($"{path} is malformed: {e.Message}", e);
        }

        var root = new Section(document, "", path);
        Section timing = root.Table("agent").Table("timing"), identity = root.Table("identity"), updates = root.Table("updates"), periodic = updates.Table("periodic");
        config = config with
        {
            SteadyInterval = timing.Whole("steady_interval_secs", 1, int.MaxValue) is { } seconds ? TimeSpan.FromSeconds(seconds) : config.SteadyInterval,
            GraphDocument = root.Table("graph").Text("document") ?? config.GraphDocument,
            LooksForGraph = root.Table("graph").Flag("discover") ?? config.LooksForGraph,
            Stream = root.Table("graph").Text("stream") ?? config.Stream,
            MetricsAddress = CheckListen(root.Table("agent").Table("metrics").Text("listen"), path) ?? config.MetricsAddress,
            CincinnatiBaseUrl = Replace(root.Table("cincinnati").Word("base_url"), config.CincinnatiBaseUrl, null),
            Group = CheckGroup(Replace(identity.Word("group"), config.Group, FleetLockIdentity.DefaultGroup), path)!,
            NodeUuid = CheckUuid(Replace(identity.Word("node_uuid"), config.NodeUuid, null), path),
            RolloutWariness = identity.Number("rollout_wariness", 0, 1) ?? config.RolloutWariness,
            AllowDowngrade = updates.Flag("allow_downgrade") ?? config.AllowDowngrade,
            IsEnabled = updates.Flag("enabled") ?? config.IsEnabled,
            Strategy = CheckStrategy(Replace(updates.Word("strategy"), config.Strategy, Strategies[0]), path)!,
            FleetLockBaseUrl = Replace(updates.Table("fleet_lock").Word("base_url"), config.FleetLockBaseUrl, null),
            Windows = [.. config.Windows, .. periodic.Tables("window").SelectMany(ReadWindow)],
            TimeZone = periodic.Text("time_zone") ?? config.TimeZone,
            Git = ReadGit(config.Git, updates.Table("git")),
        };
        return config with { Warnings = [.. config.Warnings, .. root.Unread()] };
    }

    // To zincati an empty string is as if nothing had been said, in this file and those before it.
    private static string? Replace(string? given, string? before, string? nothing) => given is null ? before : given.Length == 0 ? nothing : given;

    private static List<WeeklyWindow> ReadWindow(Section window)
    {
        IReadOnlyList<string> days = window.Texts("days") ?? throw window.Fault("days", "is missing");
        string start = window.Text("start_time") ?? throw window.Fault("start_time", "is missing");
        long minutes = window.Whole("length_minutes", 1, WeeklyWindow.MinutesOfWeek) ?? throw window.Fault("length_minutes", "is missing");
        TimeOnly time = WindowText.TryParseTime(start) ?? throw window.Fault("start_time", $"is '{start}', not a time as 23:30");
        return [.. days.Distinct(StringComparer.Ordinal).SelectMany(day => WeeklyWindow.Create(
            WindowText.TryParseDay(day) ?? throw window.Fault("days", $"has '{day}', which is no day's name in English"), time, (int)minutes))];
    }

    private static GitSettings ReadGit(GitSettings before, Section git)
    {
        Section status = git.Table("status");
        return before with
        {
            Url = Check(git, "url", GitNames.DescribeUrl) ?? before.Url,
            Branch = Check(git, "branch", GitNames.DescribeBranch) ?? before.Branch,
            Path = Check(git, "path", GitNames.DescribePath) ?? before.Path,
            AllowedSigners = CheckFile(git, "allowed_signers") ?? before.AllowedSigners,
            GpgKeyring = CheckFile(git, "gpg_keyring") ?? before.GpgKeyring,
            SshKey = CheckFile(git, "ssh_key") ?? before.SshKey,
            KnownHosts = CheckFile(git, "known_hosts") ?? before.KnownHosts,
            Credentials = CheckFile(git, "credentials") ?? before.Credentials,
            Host = Check(git, "host", GitNames.DescribeHost) ?? before.Host,
            Labels = ReadLabels(before.Labels, git.Table("labels")),
            HealsDrift = CheckOneOf(git, "drift", "heal", "report") is { } drift ? drift == "heal" : before.HealsDrift,
            AllowsRollback = git.Flag("allow_rollback") ?? before.AllowsRollback,
            Reboot = CheckOneOf(git, "reboot", Strategies[..^1]) ?? before.Reboot,
            Interval = git.Whole("interval_secs", 1, int.MaxValue) is { } seconds ? TimeSpan.FromSeconds(seconds) : before.Interval,
            Timeout = git.Whole("timeout_secs", 1, 86_400) is { } timeout ? TimeSpan.FromSeconds(timeout) : before.Timeout,
            MaximumMebibytes = (int?)git.Whole("max_mib", 1, 65_536) ?? before.MaximumMebibytes,
            Status = CheckOneOf(status, "to", "none", "branch", "webhook") ?? before.Status,
            StatusBranch = Check(status, "branch", GitNames.DescribeBranch) ?? before.StatusBranch,
            StatusUrl = status.Text("url") ?? before.StatusUrl,
            StatusTokenFile = CheckFile(status, "token_file") ?? before.StatusTokenFile,
            StatusInterval = status.Whole("interval_secs", 1, int.MaxValue) is { } pause ? TimeSpan.FromSeconds(pause) : before.StatusInterval,
        };
    }

    private static SortedDictionary<string, string> ReadLabels(IReadOnlyDictionary<string, string> before, Section section)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in before)
        {
            labels[name] = value;
        }

        foreach (string name in section.Keys)
        {
            labels[name] = HostIdentity.DescribeLabel(name) is { } fault ? throw section.Fault(name, fault) : section.Text(name)!;
        }

        return labels;
    }

    private static string? Check(Section section, string key, Func<string, string?> describe) =>
        section.Text(key) is not { } text ? null : describe(text) is { } fault ? throw section.Fault(key, fault) : text;

    private static string? CheckFile(Section section, string key) =>
        Check(section, key, static text => text.StartsWith('/') ? null : $"is '{text}', not the absolute path of a file");

    private static string? CheckOneOf(Section section, string key, params string[] words) =>
        Check(section, key, text => words.Contains(text) ? null : $"is '{text}', not one of {string.Join(", ", words)}");

    private static string? CheckGroup(string? group, string path) =>
        group is null || FleetLockIdentity.DescribeGroup(group) is not { } fault ? group : throw new UpdatesException($"{path}: identity.group: {fault}");

    // The numbers tell who runs what: they are for this host, and for what collects them on it.
    private static string? CheckListen(string? address, string path)
    {
        if (address is null or "none")
        {
            return address;
        }

        ListenAddress parsed;
        try
        {
            parsed = ListenAddress.Parse(address);
        }
        catch (UpdatesException e)
        {
            throw new UpdatesException($"{path}: agent.metrics.listen: {e.Message}", e);
        }

        return parsed.EndPoint is null || IPAddress.IsLoopback(parsed.EndPoint.Address) ? address
            : throw new UpdatesException($"{path}: agent.metrics.listen is '{address}', which others than this host can reach: a loopback address or a Unix socket is wanted");
    }

    // With or without hyphens, as systemd reads identifiers.
    private static string? CheckUuid(string? uuid, string path) =>
        uuid is null ? null : Guid.TryParseExact(uuid, "N", out Guid value) || Guid.TryParseExact(uuid, "D", out value) ? value.ToString("N") : throw new UpdatesException($"{path}: identity.node_uuid is '{uuid}', not 32 hexadecimal digits");

    private static string? CheckStrategy(string? strategy, string path) =>
        strategy is null || Strategies.Contains(strategy) ? strategy : throw new UpdatesException($"{path}: updates.strategy is '{strategy}', not one of {string.Join(", ", Strategies)}");

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UpdatesException($"{path} cannot be read", e);
        }
    }

    /// <summary>A table, and which of its members were looked at.</summary>
    private sealed class Section(TomlTable? table, string name, string path)
    {
        private readonly Dictionary<string, Section> _tables = new(StringComparer.Ordinal);
        private readonly HashSet<string> _read = new(StringComparer.Ordinal);

        public IEnumerable<string> Keys => (table ?? []).Keys;

        public UpdatesException Fault(string key, string what) => new($"{path}: {Join(key)} {what}");

        public Section Table(string key) => _tables.TryGetValue(key, out Section? known) ? known : _tables[key] = new Section(Get<TomlTable>(key, "a table"), Join(key), path);

        public IEnumerable<Section> Tables(string key) => Find(key) switch
        {
            null => [],
            TomlTableArray array => [.. array.Select(item => new Section(item, Join(key), path))],
            TomlArray array when array.All(item => item is TomlTable) => [.. array.Select(item => new Section((TomlTable)item!, Join(key), path))],
            _ => throw Fault(key, "is no list of tables"),
        };

        public string? Text(string key) => Get<string>(key, "a string") is { } text ? text.Length > 0 ? text : throw Fault(key, "is empty") : null;

        public string? Word(string key) => Get<string>(key, "a string");

        public IReadOnlyList<string>? Texts(string key) => Get<TomlArray>(key, "a list") is not { } array ? null
            : array.All(item => item is string) ? [.. array.Cast<string>()] : throw Fault(key, "is no list of strings");

        public bool? Flag(string key) => Find(key) is not { } value ? null : value as bool? ?? throw Fault(key, "is neither true nor false");

        public long? Whole(string key, long from, long to) => Find(key) is not { } value ? null
            : value is long number && number >= from && number <= to ? number : throw Fault(key, $"is no whole number from {from} to {to}");

        public double? Number(string key, double from, double to) => Find(key) switch
        {
            null => null,
            long number when number >= from && number <= to => number,
            double number when number >= from && number <= to => number,
            _ => throw Fault(key, string.Create(CultureInfo.InvariantCulture, $"is no number from {from} to {to}")),
        };

        public IEnumerable<string> Unread() => (table ?? []).Keys.Where(key => !_read.Contains(key)).Select(key => $"{path}: {Join(key)} is not known")
            .Concat(_tables.Values.SelectMany(section => section.Unread()));

        private object? Find(string key)
        {
            _read.Add(key);
            return table is not null && table.TryGetValue(key, out object? value) ? value : null;
        }

        private T? Get<T>(string key, string what)
            where T : class => Find(key) is not { } value ? null : value as T ?? throw Fault(key, $"is not {what}");

        private string Join(string key) => name.Length == 0 ? key : $"{name}.{key}";
    }
}
