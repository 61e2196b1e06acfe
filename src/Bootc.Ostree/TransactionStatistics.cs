// What a transaction wrote.
namespace Bootc.Ostree;

/// <summary>What a transaction wrote and what it found there already.</summary>
/// <param name="MetadataWritten">Metadata objects written.</param>
/// <param name="MetadataTotal">Metadata objects given.</param>
/// <param name="ContentWritten">Content objects written.</param>
/// <param name="ContentTotal">Content objects given.</param>
/// <param name="ContentBytesWritten">Bytes of content written.</param>
public readonly record struct TransactionStatistics(
    long MetadataWritten, long MetadataTotal, long ContentWritten, long ContentTotal, long ContentBytesWritten);
