// Which objects commits need.
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>Collects the objects that commits refer to, each tree looked at once.</summary>
internal sealed class Reachability(Repository repository)
{
    public HashSet<ObjectName> Objects { get; } = [];

    /// <summary>Adds a commit and all that it refers to; missing parts of a partial commit are passed over.</summary>
    public void Add(Checksum commit, int depth)
    {
        for (Checksum? next = commit; next is { } current; depth--)
        {
            var name = new ObjectName(current, ObjectType.Commit);
            if (!repository.HasObject(name))
            {
                if (current == commit)
                {
                    throw new ObjectNotFoundException(name, repository.ToString());
                }

                return;
            }

            Commit loaded = repository.LoadCommit(current);
            if (Objects.Add(name))
            {
                Objects.Add(new(current, ObjectType.CommitMeta));
                bool isPartial = repository.IsPartial(current);
                Objects.Add(new(loaded.RootMeta, ObjectType.DirMeta));
                AddTree(loaded.RootTree, isPartial);
            }

            next = depth == 0 ? null : loaded.Parent;
        }
    }

    private void AddTree(Checksum tree, bool isPartial)
    {
        var name = new ObjectName(tree, ObjectType.DirTree);
        if (!Objects.Add(name) || (isPartial && !repository.HasObject(name)))
        {
            return;
        }

        DirTree names = repository.LoadDirTree(tree);
        foreach (DirTreeFile file in names.Files)
        {
            Objects.Add(new(file.File, ObjectType.File));
        }

        foreach (DirTreeDirectory directory in names.Directories)
        {
            Objects.Add(new(directory.Meta, ObjectType.DirMeta));
            AddTree(directory.Tree, isPartial);
        }
    }
}
