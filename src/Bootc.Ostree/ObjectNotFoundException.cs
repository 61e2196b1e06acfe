// An object that something refers to is not in the repository.
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>An object is missing from the repository.</summary>
public sealed class ObjectNotFoundException(ObjectName name, string repository)
    : OstreeException($"object {name} is not in the repository {repository}")
{
    /// <summary>The missing object.</summary>
    public ObjectName Name { get; } = name;
}
