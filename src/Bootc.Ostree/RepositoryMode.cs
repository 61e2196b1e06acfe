// How a repository stores content objects: `mode` in its config.
namespace Bootc.Ostree;

/// <summary>How content objects are stored (ostree.repo-config(5), <c>core.mode</c>).</summary>
public enum RepositoryMode
{
    /// <summary><c>bare</c>: files with their real owner, mode and extended attributes. The system repository.</summary>
    Bare,

    /// <summary><c>bare-user</c>: files of the calling user, the real metadata in the attribute <c>user.ostreemeta</c>.</summary>
    BareUser,

    /// <summary><c>bare-user-only</c>: files of the calling user; owner and attributes are not stored at all.</summary>
    BareUserOnly,

    /// <summary><c>archive</c> (<c>archive-z2</c>): compressed files for serving over HTTP.</summary>
    Archive,

    /// <summary><c>bare-split-xattrs</c>: extended attributes in objects of their own. Read only.</summary>
    BareSplitXattrs,
}
