// Where a mounted image keeps what is written to it.
namespace Bootc.Composefs;

/// <summary>Two empty directories of one file system that overlay takes for changes.</summary>
/// <param name="UpperDirectory">Where changed files are.</param>
/// <param name="WorkDirectory">Where overlay prepares them.</param>
/// <param name="IsReadOnly">The layer is there, but the mount is read-only until it is mounted anew.</param>
/// <param name="IsVolatile">Nothing is synchronized to disk, whatever programs ask for: changes are lost with the mount, or stored otherwise.</param>
public sealed record WritableLayer(string UpperDirectory, string WorkDirectory, bool IsReadOnly = false, bool IsVolatile = false);
