// Content that changes as one: the files of a package.
namespace Bootc.Import.Encapsulation;

/// <summary>A package, or something else whose files change together.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Source">What it was built from: components of one source change together as well.</param>
internal sealed record Component(string Name, string Source)
{
    /// <summary>Its objects.</summary>
    public List<ContentObject> Objects { get; } = [];

    /// <summary>How many bytes the content of its objects has.</summary>
    public long Size => Objects.Sum(content => content.Size);
}
