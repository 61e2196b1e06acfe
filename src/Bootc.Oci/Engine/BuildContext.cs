// The files that a build may use, as the tar stream that engines take.
using System.Formats.Tar;
using Bootc.Linux;
using Bootc.Oci.Layers;

namespace Bootc.Oci.Engine;

/// <summary>
/// A directory on its way to an engine: without what its ignore file leaves out, owned by root as Docker has it, and with the
/// Containerfile, which is sent whatever the ignore file says.
/// </summary>
internal sealed class BuildContext
{
    private static readonly string[] ContainerfileNames = ["Containerfile", "Dockerfile"];
    private static readonly string[] IgnoreFileNames = [".containerignore", ".dockerignore"];

    private readonly string _root;
    private readonly string _containerfile;
    private readonly IgnoreFile _ignored;
    private readonly HashSet<string> _always;

    /// <summary>A context.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="containerfile">The Containerfile, if it is not the directory's own.</param>
    /// <exception cref="EngineException">One of them is missing, or the ignore file is malformed.</exception>
    public BuildContext(string directory, string? containerfile)
    {
        _root = Path.GetFullPath(directory);
        if (!Directory.Exists(_root))
        {
            throw new EngineException($"there is no directory {directory} to build in");
        }

        _containerfile = Path.GetFullPath(containerfile ?? FindContainerfile(directory));
        if (!File.Exists(_containerfile))
        {
            throw new EngineException($"there is no Containerfile {containerfile}");
        }

        string relative = Path.GetRelativePath(_root, _containerfile);
        bool isInside = relative != ".." && !relative.StartsWith("../", StringComparison.Ordinal);
        Name = isInside ? relative : $".containerfile.{Convert.ToHexStringLower(BitConverter.GetBytes(Random.Shared.NextInt64()))}";
        IgnorePath = FindIgnoreFile();
        _ignored = IgnorePath is null ? IgnoreFile.Parse([], "") : IgnoreFile.Parse(File.ReadLines(IgnorePath), IgnorePath);
        _always = [.. IgnoreFileNames, .. isInside ? (string[])[Name] : []];
    }

    /// <summary>The Containerfile's path within the stream.</summary>
    public string Name { get; }

    /// <summary>The Containerfile's path on this machine.</summary>
    public string ContainerfilePath => _containerfile;

    /// <summary>The ignore file that counts, if there is one.</summary>
    public string? IgnorePath { get; }

    /// <summary>The stream. It is made while it is read.</summary>
    public Stream Open(CancellationToken cancellation) => new ProducedStream(WriteAsync, cancellation);

    private static string FindContainerfile(string directory) =>
        ContainerfileNames.Select(name => Path.Combine(directory, name)).FirstOrDefault(File.Exists)
            ?? throw new EngineException($"{directory} has neither a {string.Join(" nor a ", ContainerfileNames)}");

    // One for this Containerfile alone comes before that of the directory.
    private string? FindIgnoreFile() => IgnoreFileNames.Select(name => _containerfile + name)
        .Concat(IgnoreFileNames.Select(name => Path.Combine(_root, name)))
        .FirstOrDefault(File.Exists);

    private async Task WriteAsync(Stream output, CancellationToken cancellation)
    {
        var writer = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
        await using (writer.ConfigureAwait(false))
        {
            if (Path.Combine(_root, Name) != _containerfile)
            {
                using DirectoryHandle elsewhere = DirectoryHandle.Open(Path.GetDirectoryName(_containerfile)!);
                await WriteEntryAsync(writer, elsewhere, Path.GetFileName(_containerfile), FileKind.Regular, Name, cancellation).ConfigureAwait(false);
            }

            using DirectoryHandle root = DirectoryHandle.Open(_root);
            await WriteDirectoryAsync(writer, root, "", cancellation).ConfigureAwait(false);
        }
    }

    private async Task WriteDirectoryAsync(TarWriter writer, DirectoryHandle directory, string prefix, CancellationToken cancellation)
    {
        foreach (DirectoryEntry entry in directory.List().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            string name = prefix + entry.Name;
            bool isWanted = _always.Contains(name) || !_ignored.Ignores(name);
            if (isWanted)
            {
                await WriteEntryAsync(writer, directory, entry.Name, entry.Kind, name, cancellation).ConfigureAwait(false);
            }

            bool mayHoldWanted = isWanted || _ignored.HasExceptions || _always.Any(always => always.StartsWith(name + "/", StringComparison.Ordinal));
            if (entry.Kind == FileKind.Directory && mayHoldWanted)
            {
                using DirectoryHandle inner = directory.OpenDirectory(entry.Name);
                await WriteDirectoryAsync(writer, inner, name + "/", cancellation).ConfigureAwait(false);
            }
        }
    }

    // Sockets, pipes and devices are no content.
    private static async Task WriteEntryAsync(TarWriter writer, DirectoryHandle directory, string file, FileKind kind, string name, CancellationToken cancellation)
    {
        TarEntryType? type = kind switch
        {
            FileKind.Regular => TarEntryType.RegularFile,
            FileKind.Directory => TarEntryType.Directory,
            FileKind.SymbolicLink => TarEntryType.SymbolicLink,
            _ => null,
        };
        if (type is null || directory.TryGetStatus(file) is not { } status)
        {
            return;
        }

        var entry = new PaxTarEntry(type.Value, name)
        {
            Mode = (UnixFileMode)status.Permissions,
            ModificationTime = DateTimeOffset.FromUnixTimeSeconds(status.ModifiedSeconds),
            UserName = "root",
            GroupName = "root",
        };
        if (kind == FileKind.SymbolicLink)
        {
            entry.LinkName = directory.ReadSymbolicLink(file);
        }

        if (kind != FileKind.Regular)
        {
            await writer.WriteEntryAsync(entry, cancellation).ConfigureAwait(false);
            return;
        }

        using var content = new FileStream(directory.OpenFile(file), FileAccess.Read, bufferSize: 0);
        entry.DataStream = content;
        await writer.WriteEntryAsync(entry, cancellation).ConfigureAwait(false);
    }
}
