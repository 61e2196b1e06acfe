// Labels of what is put on top of an image.
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;

namespace Bootc.Import.SELinux;

/// <summary>Labels what was changed in the tree of an image, by the SELinux policy that the tree has.</summary>
public static class DerivedLabels
{
    /// <summary>Labels the directories that changed, or all where the policy did; nothing where the tree has none.</summary>
    /// <param name="repository">Where the tree's objects are, and the new ones go.</param>
    /// <param name="tree">The image's tree, changed. Labels are set in place.</param>
    /// <param name="facts">What is known of the image's files.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>What is known of the files that were looked at.</returns>
    /// <exception cref="OstreeException">An object cannot be read, or the policy is malformed.</exception>
    public static LayerFacts Apply(Repository repository, MutableTree tree, LayerFacts facts, CancellationToken cancellation)
    {
        if (SELinuxPolicy.TryLoad(repository, tree) is not { } policy)
        {
            return new LayerFacts();
        }

        bool isPolicyTheImages = SELinuxPolicy.FolderIn(tree)?.UnchangedTree is not null;
        return Write(repository, tree, policy, isPolicyTheImages, facts, cancellation);
    }

    // In a transaction of its own: composefs images are made of what the repository shows.
    internal static LayerFacts Write(
        Repository repository, MutableTree tree, FileContexts policy, bool onlyChanged, LayerFacts facts, CancellationToken cancellation)
    {
        using RepositoryTransaction transaction = repository.BeginTransaction();
        var labels = new TreeLabels(transaction, policy, facts) { OnlyChanged = onlyChanged };
        labels.Apply(tree, cancellation);
        transaction.Commit();
        return labels.Facts;
    }
}
