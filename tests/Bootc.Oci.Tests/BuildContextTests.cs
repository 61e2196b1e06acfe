// What of a directory goes to an engine that builds.
using System.Formats.Tar;
using Bootc.Oci.Engine;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

public sealed class BuildContextTests : IDisposable
{
    private readonly TestDirectory _directory = new("context");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_files_go_and_what_is_ignored_stays()
    {
        _directory.Write("c/Containerfile", "FROM scratch\n");
        _directory.Write("c/.dockerignore", "*\n!src\nsrc/*.tmp\n");
        _directory.Write("c/src/a", "content of a");
        _directory.Write("c/src/b.tmp", "");
        _directory.Write("c/secret", "");
        File.CreateSymbolicLink(_directory["c/src/link"], "a");
        Peer.Run("chmod", "750", _directory["c/src/a"]).Succeeded();
        Peer.Run("mkfifo", _directory["c/src/pipe"]).Succeeded();

        List<TarEntry> entries = await ReadAsync(new BuildContext(_directory["c"], null));

        Assert.Equal([".dockerignore", "Containerfile", "src", "src/a", "src/link"], entries.Select(entry => entry.Name));
        TarEntry a = entries[3];
        Assert.Equal((0, 0, (UnixFileMode)0b111_101_000, 12L), (a.Uid, a.Gid, a.Mode, a.Length));
        Assert.Equal((TarEntryType.SymbolicLink, "a"), (entries[4].EntryType, entries[4].LinkName));
    }

    [Fact]
    public async Task A_containerfile_and_its_ignore_file_may_be_elsewhere()
    {
        _directory.Write("c/a", "");
        _directory.Write("c/b", "");
        _directory.Write("c/.containerignore", "a\n");
        string file = _directory.Write("elsewhere/My.file", "FROM scratch\n");
        var plain = new BuildContext(_directory["c"], file);
        List<TarEntry> without = await ReadAsync(plain);
        _directory.Write("elsewhere/My.file.containerignore", "b\n");

        List<TarEntry> with = await ReadAsync(new BuildContext(_directory["c"], file));

        Assert.Equal([plain.Name, ".containerignore", "b"], without.Select(entry => entry.Name));
        Assert.Equal([".containerignore", "a"], with.Skip(1).Select(entry => entry.Name));
        Assert.StartsWith(".containerfile.", plain.Name);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        _directory.Write("c/a", "");

        Assert.Equal($"{_directory["c"]} has neither a Containerfile nor a Dockerfile", Assert.Throws<EngineException>(() => new BuildContext(_directory["c"], null)).Message);
        Assert.Equal($"there is no Containerfile {_directory["x"]}", Assert.Throws<EngineException>(() => new BuildContext(_directory["c"], _directory["x"])).Message);
        Assert.Equal($"there is no directory {_directory["y"]} to build in", Assert.Throws<EngineException>(() => new BuildContext(_directory["y"], null)).Message);
    }

    private static async Task<List<TarEntry>> ReadAsync(BuildContext context)
    {
        using Stream stream = context.Open(default);
        var content = new MemoryStream();
        await stream.CopyToAsync(content);
        content.Position = 0;
        var entries = new List<TarEntry>();
        using var reader = new TarReader(content);
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            entries.Add(entry);
        }

        return entries;
    }
}
