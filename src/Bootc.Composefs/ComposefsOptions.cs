// Which versions of the image format may be written.
namespace Bootc.Composefs;

/// <summary>
/// The versions of the image format to choose from. Version 1 marks directories that hold whiteouts in a way that newer
/// kernels need; it is taken where there are whiteouts and the maximum allows it, else the minimum.
/// </summary>
/// <param name="MinVersion">The lowest version, 0 or 1.</param>
/// <param name="MaxVersion">The highest version, 0 or 1.</param>
public sealed record ComposefsOptions(int MinVersion = 0, int MaxVersion = 1)
{
    /// <summary>What mkcomposefs and libostree take: 0 and 1.</summary>
    public static ComposefsOptions Default { get; } = new();
}
