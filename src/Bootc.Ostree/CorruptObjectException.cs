// An object's bytes are not what its name or its format says.
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>An object's bytes do not have the format of its type, or not the checksum of its name.</summary>
public sealed class CorruptObjectException(ObjectName name, string reason, Exception? inner = null)
    : OstreeException($"object {name} is corrupt: {reason}", inner)
{
    /// <summary>The corrupt object.</summary>
    public ObjectName Name { get; } = name;

    /// <summary>What is wrong with it.</summary>
    public string Reason { get; } = reason;
}
