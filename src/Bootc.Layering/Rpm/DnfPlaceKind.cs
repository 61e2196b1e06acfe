// How a repository says where it is.
namespace Bootc.Layering.Rpm;

/// <summary>The kinds of places in dnf's settings; where one repository has several, the first of these counts.</summary>
internal enum DnfPlaceKind
{
    /// <summary>A document that names mirrors, and the digest of the newest <c>repomd.xml</c> (metalink).</summary>
    Metalink,

    /// <summary>A list of mirrors, one a line.</summary>
    MirrorList,

    /// <summary>The repository itself.</summary>
    Base,
}
