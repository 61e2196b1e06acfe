// A host with an image of RPM packages: Debian's rpm and dnf in a system that has them and little else, and a repository.
using System.Formats.Tar;
using System.Text;
using System.Text.RegularExpressions;
using Bootc.Deployments;
using Bootc.Import.Packages;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

/// <summary>
/// The system is made of files of the reference tree (<c>make oracle</c>): those of dnf, rpm and what they need. Its own
/// database, in <c>/usr/lib/sysimage/rpm</c>, has packages that the test makes: <c>os-base</c>, which stands for all that,
/// <c>editor</c>, <c>editor-plugin</c> and <c>pager</c>.
/// </summary>
public sealed partial class RpmHost : LayeredHost
{
    /// <summary>The image's kernel.</summary>
    public const string Kernel = "6.0";

    private const string Database = "usr/lib/sysimage/rpm/rpmdb.sqlite";

    // What dnf, scripts of packages and the sandbox run; nothing of the image is written in the languages that are left out.
    private static readonly string[] Seeds =
    [
        "dnf5", "rpm", "coreutils", "dash", "bash", "sed", "grep", "passwd", "mount", "libc-bin", "systemd-standalone-tmpfiles", "systemd-standalone-sysusers",
    ];

    private static readonly string[] LeftOut = ["python", "libpython", "perl", "debugedit", "dpkg", "apt", "debconf", "media-types", "netbase"];

    private RpmRepository? _packages;

    /// <inheritdoc/>
    /// <remarks>A commit keeps no times of modification, and so no deployment has those that rpm knows.</remarks>
    public override string VerifyCommand => "rpm --verify --nomtime";

    /// <inheritdoc/>
    public override string ImagePackage => "pager";

    /// <inheritdoc/>
    public override string FirstVersion => "1.0-1";

    /// <inheritdoc/>
    public override string SourcesFile => "yum.repos.d/test.repo";

    /// <inheritdoc/>
    public override string ListsFile => "repodata/repomd.xml";

    /// <inheritdoc/>
    public override (string Path, string Text) FurtherSettings => ("dnf/dnf.conf", "[main]\ninstall_weak_deps=False\n");

    /// <summary>The repository.</summary>
    internal RpmRepository Packages => _packages!;

    /// <inheritdoc/>
    internal override ITestRepository Repository => Packages;

    /// <summary>The packages of the deployment that boots next, as names and versions.</summary>
    public string[] ListPackages()
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        return [.. PackageDatabase.Read(sysroot.Repository, Commit)!.Select(package => package.ToString())];
    }

    /// <summary>Runs a program of the deployment that boots next, in it: <c>/usr</c> cannot be changed, and <c>/var</c> is empty.</summary>
    public override CommandResult Chroot(string command)
    {
        const string enter = """
            set -e
            mount --bind "$0" "$0"
            mount -o remount,ro,bind "$0"
            mount --bind "$0/etc" "$0/etc"
            mount -o remount,rw,bind "$0/etc"
            mount -t tmpfs tmpfs "$0/var"
            mount -t tmpfs tmpfs "$0/tmp"
            for name in dev proc; do mount --rbind /$name "$0/$name"; done
            mkdir -p "$0/var/lib" "$0/var/tmp"
            exec chroot "$0" sh -c "$1"
            """;
        return Peer.Run("unshare", ["-m", "--propagation", "private", "sh", "-c", enter, this[Default.Path], command], null, new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["HOME"] = "/root", ["LC_ALL"] = "C.UTF-8" });
    }

    /// <inheritdoc/>
    public override void AssertSecondVersion()
    {
        Assert.Equal("editor 1.1\n", Chroot("editor").Succeeded());
        Assert.Contains("editor 1.1-1", ListPackages());
        Assert.Equal("", Chroot($"{VerifyCommand} editor").Succeeded());
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _packages?.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override string ReferenceOf(string tag) => $"oci:{Beside("image")}:{tag}";

    /// <inheritdoc/>
    protected override void AddRepository(string etc) => Packages.AddTo(etc);

    /// <inheritdoc/>
    protected override void Require()
    {
        foreach (string tool in (string[])["dnf5", "rpmbuild", "createrepo_c", "systemd-tmpfiles", "systemd-sysusers"])
        {
            Oracle.Require(tool);
        }

        Peer.Require("bwrap");
    }

    /// <inheritdoc/>
    protected override void Make()
    {
        _packages = new RpmRepository();
        _packages.Add("hello-layer", "1.0", new() { ["usr/bin/hello-layer"] = "#!/bin/sh\necho hello\n", ["etc/hello-layer.conf"] = "greeting = hello\n" }, "Requires: hello-data >= 1.0\n");
        _packages.Add("hello-data", "1.0", new() { ["usr/share/hello-data/data"] = "data\n" });
        _packages.Publish();
        MakeImages();
    }

    private void MakeImages()
    {
        string tree = Beside("tree");
        CopySystem(tree);
        InstallInto(tree, "--install",
            _packages!.Make("os-base", "1.0", fields: "Provides: /bin/sh\nProvides: /usr/bin/sh\n"),
            _packages.Make("editor", "1.0", new() { ["usr/bin/editor"] = "#!/bin/sh\necho editor 1.0\n" }),
            _packages.Make("editor-plugin", "1.0", new() { ["usr/share/editor/plugin"] = "plugin\n" }, "Requires: editor\n"),
            _packages.Make("pager", "1.0", new() { ["usr/bin/pager"] = "#!/bin/sh\necho pager 1.0\n" }));
        OsLayer system = ReadLayer(tree);
        OsImage.Create("1", Kernel).AddLayer(system).WriteTo(Beside("image"), "v1");

        InstallInto(tree, "--upgrade", _packages.Make("editor", "1.1", new() { ["usr/bin/editor"] = "#!/bin/sh\necho editor 1.1\n" }));
        OsImage.Create("2", Kernel).AddLayer(system).AddLayer(layer => layer
            .File(Database, File.ReadAllBytes($"{tree}/{Database}"))
            .File("usr/bin/editor", File.ReadAllBytes($"{tree}/usr/bin/editor"), 0x1ED)).WriteTo(Beside("image"), "v2");
    }

    private void CopySystem(string tree)
    {
        Directory.CreateDirectory(tree);
        string list = Beside("files");
        File.WriteAllText(list, string.Join('\n', ListFiles()) + "\n");
        Peer.Run("sh", "-c", "tar -C \"$0\" --no-recursion -T \"$1\" -c | tar -C \"$2\" -x", Oracle.Tree, list, tree).Succeeded();
        foreach (string folder in (string[])["usr/lib/sysimage/rpm", "usr/lib/sysusers.d", "usr/lib/tmpfiles.d", "usr/share/empty"])
        {
            Directory.CreateDirectory($"{tree}/{folder}");
        }

        File.WriteAllText($"{tree}/usr/lib/rpm/macros.d/macros.sysimage", "%_dbpath /usr/lib/sysimage/rpm\n");

        // The true one makes the initramfs of the Debian image, in whose tests it is seen at work. This one says what it is told.
        WriteProgram(tree, "usr/bin/dracut", "#!/bin/sh\nfor last; do :; done\n{ echo \"made anew: $*\" | sed 's, --tmpdir /tmp,,'; cat /etc/dracut.conf.d/* || true; } > \"$last\" 2> /dev/null\n");
        WriteProgram(tree, "usr/sbin/depmod", "#!/bin/sh\n");
        if (File.Exists("/usr/bin/xz"))
        {
            File.Copy("/usr/bin/xz", $"{tree}/usr/bin/xz");
        }
    }

    private static void WriteProgram(string tree, string path, string text)
    {
        using DirectoryHandle directory = DirectoryHandle.Open(tree);
        directory.WriteAllBytesAtomically(path, Encoding.UTF8.GetBytes(text), 0x1ED, sync: false);
    }

    // Empty as it is, SQLite's write-ahead log must be there for the database to be read where nothing can be written.
    private static void InstallInto(string tree, string action, params string[] packages) =>
        Oracle.Run("rpm", ["--root", tree, "--dbpath", "/usr/lib/sysimage/rpm", "--nosignature", action, .. packages]).Succeeded();

    private OsLayer ReadLayer(string tree)
    {
        string archive = Beside("system.tar");
        Peer.Run("tar", "-C", tree, "--sort=name", "--mtime=@0", "--numeric-owner", "--owner=0", "--group=0", "-cf", archive, "etc", "usr").Succeeded();
        var layer = new OsLayer { IsCompressed = false };
        layer.SymbolicLink("lib", "usr/lib").SymbolicLink("lib64", "usr/lib64").SymbolicLink("sbin", "usr/sbin").Directory("var/tmp", 0x3FF);
        using var reader = new TarReader(File.OpenRead(archive));
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            layer.Add(entry);
        }

        return layer;
    }

    private static IEnumerable<string> ListFiles()
    {
        string[] accounts = ["etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"];
        string listing = Oracle.Run("dpkg-query", ["--listfiles", .. FindPackages()]).Succeeded();
        return listing.Split('\n')
            .Where(path => path.StartsWith("/usr/", StringComparison.Ordinal) || path.StartsWith("/etc/", StringComparison.Ordinal))
            .Select(path => path[1..])
            .Where(path => !path.StartsWith("usr/share/doc", StringComparison.Ordinal) && !path.StartsWith("usr/share/locale", StringComparison.Ordinal))
            .Concat(accounts)
            .Distinct()
            .Where(path => System.IO.Path.Join(Oracle.Tree, path) is var full && !Directory.Exists(full) && (File.Exists(full) || new FileInfo(full).LinkTarget is not null));
    }

    private static IEnumerable<string> FindPackages()
    {
        Dictionary<string, string> needs = Oracle.Run("dpkg-query", "--show", "--showformat=${Package}\\t${Pre-Depends}, ${Depends}\\n").Succeeded()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t'))
            .DistinctBy(words => words[0])
            .ToDictionary(words => words[0], words => words[1]);
        var found = new HashSet<string>();
        var open = new Queue<string>(Seeds);
        while (open.TryDequeue(out string? name))
        {
            if (!found.Add(name))
            {
                continue;
            }

            foreach (string need in needs[name].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (need.Split('|').Select(other => Name().Match(other).Value).FirstOrDefault(needs.ContainsKey) is { } next && !LeftOut.Any(prefix => next.StartsWith(prefix, StringComparison.Ordinal)))
                {
                    open.Enqueue(next);
                }
            }
        }

        return found.Order(StringComparer.Ordinal);
    }

    [GeneratedRegex("[a-z0-9][a-z0-9.+-]+")]
    private static partial Regex Name();
}
