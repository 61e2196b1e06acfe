// A directory's names object.
using System.Text;
using Bootc.Linux;
using Bootc.Ostree.GVariant;

namespace Bootc.Ostree.Objects;

/// <summary>
/// The names in a directory: <c>(a(say)a(sayay))</c>, files and then directories, each sorted by the names' bytes.
/// </summary>
public sealed class DirTree
{
    private const string TypeString = "(a(say)a(sayay))";

    /// <summary>A directory of files and directories, in any order.</summary>
    /// <exception cref="ArgumentException">A name is invalid or occurs twice.</exception>
    public DirTree(IEnumerable<DirTreeFile> files, IEnumerable<DirTreeDirectory> directories)
    {
        DirTreeFile[] sortedFiles = [.. files];
        DirTreeDirectory[] sortedDirectories = [.. directories];
        Array.Sort(sortedFiles, static (a, b) => CompareNames(a.Name, b.Name));
        Array.Sort(sortedDirectories, static (a, b) => CompareNames(a.Name, b.Name));
        Files = sortedFiles;
        Directories = sortedDirectories;
        if (FindFault() is { } fault)
        {
            throw new ArgumentException(fault);
        }
    }

    private DirTree(DirTreeFile[] files, DirTreeDirectory[] directories, bool _)
    {
        Files = files;
        Directories = directories;
    }

    /// <summary>The files and symbolic links, sorted.</summary>
    public IReadOnlyList<DirTreeFile> Files { get; }

    /// <summary>The directories, sorted.</summary>
    public IReadOnlyList<DirTreeDirectory> Directories { get; }

    /// <summary>Orders names as ostree does: by their UTF-8 bytes.</summary>
    public static int CompareNames(string left, string right)
    {
        // UTF-16 order differs from UTF-8 order only where surrogates are compared with other characters above them.
        int common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
        {
            return left.Length - right.Length;
        }

        char a = left[common];
        char b = right[common];
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a - b : char.IsSurrogate(a) ? 1 : -1;
    }

    /// <summary>The object's bytes.</summary>
    public byte[] Serialize()
    {
        var files = new GVariantValue[Files.Count];
        for (int i = 0; i < files.Length; i++)
        {
            files[i] = GVariantValue.Tuple(GVariantValue.FromString(Files[i].Name), GVariantValue.FromBytes(Files[i].File.ToArray()));
        }

        var directories = new GVariantValue[Directories.Count];
        for (int i = 0; i < directories.Length; i++)
        {
            DirTreeDirectory directory = Directories[i];
            directories[i] = GVariantValue.Tuple(
                GVariantValue.FromString(directory.Name),
                GVariantValue.FromBytes(directory.Tree.ToArray()),
                GVariantValue.FromBytes(directory.Meta.ToArray()));
        }

        return GVariantValue.Tuple(GVariantValue.Array("(say)", files), GVariantValue.Array("(sayay)", directories)).Data.ToArray();
    }

    /// <summary>Reads an object's bytes.</summary>
    /// <exception cref="GVariantException">They are malformed, or a name is one that no directory can hold.</exception>
    public static DirTree Parse(ReadOnlyMemory<byte> data)
    {
        GVariantValue[] members = new GVariantValue(TypeString, data).AsTuple();
        GVariantValue[] entries = members[0].AsArray();
        var fields = new GVariantValue[3];
        var files = new DirTreeFile[entries.Length];
        for (int i = 0; i < files.Length; i++)
        {
            entries[i].CopyMembersTo(fields.AsSpan(0, 2));
            files[i] = new DirTreeFile(fields[0].AsString(), ToChecksum(fields[1]));
        }

        entries = members[1].AsArray();
        var directories = new DirTreeDirectory[entries.Length];
        for (int i = 0; i < directories.Length; i++)
        {
            entries[i].CopyMembersTo(fields);
            directories[i] = new DirTreeDirectory(fields[0].AsString(), ToChecksum(fields[1]), ToChecksum(fields[2]));
        }

        var tree = new DirTree(files, directories, true);
        return tree.FindFault() is { } fault ? throw new GVariantException(fault) : tree;
    }

    /// <summary>Why a name cannot stand in a directory, or <see langword="null"/> when it can.</summary>
    public static string? FindFaultInName(string name) => name switch
    {
        "" => "a file name is empty",
        "." or ".." => $"'{name}' is no file name",
        _ when name.Contains('/') => $"the file name '{name}' contains a slash",
        _ when name.Contains('\0') => "a file name contains a NUL character",
        _ when !FileName.IsUtf8(name) => $"the file name {Quote(name)} is not valid UTF-8, which ostree requires",
        _ => null,
    };

    private static Checksum ToChecksum(GVariantValue value)
    {
        ReadOnlySpan<byte> bytes = value.AsBytes().Span;
        return bytes.Length == Checksum.Size
            ? new Checksum(bytes)
            : throw new GVariantException($"a checksum has {bytes.Length} bytes instead of {Checksum.Size}");
    }

    private static string Quote(string name)
    {
        var text = new StringBuilder("'");
        foreach (byte value in FileName.Encode(name))
        {
            _ = value is >= 0x20 and < 0x7f ? text.Append((char)value) : text.Append($"\\x{value:x2}");
        }

        return text.Append('\'').ToString();
    }

    private string? FindFault()
    {
        string? previous = null;
        foreach (DirTreeFile file in Files)
        {
            if ((FindFaultInName(file.Name) ?? FindFaultInOrder(previous, file.Name)) is { } fault)
            {
                return fault;
            }

            previous = file.Name;
        }

        previous = null;
        foreach (DirTreeDirectory directory in Directories)
        {
            if ((FindFaultInName(directory.Name) ?? FindFaultInOrder(previous, directory.Name)) is { } fault)
            {
                return fault;
            }

            previous = directory.Name;
        }

        return FindFileThatIsDirectory() is { } both ? $"'{both}' is both a file and a directory" : null;
    }

    private static string? FindFaultInOrder(string? previous, string name) =>
        previous is null || CompareNames(previous, name) < 0 ? null : $"the file names '{previous}' and '{name}' are not in order";

    private string? FindFileThatIsDirectory()
    {
        int at = 0;
        foreach (DirTreeDirectory directory in Directories)
        {
            while (at < Files.Count && CompareNames(Files[at].Name, directory.Name) < 0)
            {
                at++;
            }

            if (at < Files.Count && Files[at].Name == directory.Name)
            {
                return directory.Name;
            }
        }

        return null;
    }
}
