// Gives the entries of a layer, wherever their contents come from.
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Tar;

/// <summary>Reads a layer entry by entry. The content of an entry is read before the next one is asked for; what is not read is skipped.</summary>
internal interface ILayerReader : IDisposable
{
    /// <summary>Moves to the next entry.</summary>
    /// <returns>The entry, or <see langword="null"/> at the end.</returns>
    /// <exception cref="TarFormatException">The layer is malformed.</exception>
    TarEntry? Next();

    /// <summary>Reads content of the current entry, holes as zeros.</summary>
    /// <returns>How many bytes were read; 0 at the entry's end.</returns>
    int Read(Span<byte> buffer);

    /// <summary>Reads content of the current entry until the buffer is full or the entry ends.</summary>
    /// <returns>How many bytes were read.</returns>
    int Fill(Span<byte> buffer)
    {
        int filled = 0;
        for (int count; filled < buffer.Length && (count = Read(buffer[filled..])) > 0;)
        {
            filled += count;
        }

        return filled;
    }

    /// <summary>The object that a repository has of the current file with that metadata, if that is known without reading the content.</summary>
    (Checksum Object, FileFacts Facts)? TryGetObject(FileHeader header);
}
