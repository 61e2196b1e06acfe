// Labels of what is put on top of an image outside of its layers.
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;

namespace Bootc.Import.SELinux;

/// <summary>Labels what was changed in the tree of an image, by the SELinux policy that the tree has.</summary>
public static class DerivedLabels
{
    /// <summary>Labels the directories that changed, or all where the policy did; nothing where the tree has none.</summary>
    /// <param name="transaction">What is written to; the tree's objects are in its repository.</param>
    /// <param name="tree">The image's tree, changed. Labels are set in place.</param>
    /// <param name="facts">What is known of the image's files.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>What is known of the files that were looked at.</returns>
    /// <exception cref="OstreeException">An object cannot be read, or the policy is malformed.</exception>
    public static IReadOnlyDictionary<Checksum, FileFacts> Apply(RepositoryTransaction transaction, MutableTree tree, LayerFacts facts, CancellationToken cancellation)
    {
        if (SELinuxPolicy.TryLoad(transaction.Repository, tree) is not { } policy)
        {
            return new Dictionary<Checksum, FileFacts>();
        }

        bool isPolicyTheImages = tree.TryGetDirectory("usr")?.TryGetDirectory("etc")?.TryGetDirectory("selinux")?.UnchangedTree is not null;
        var labels = new TreeLabels(transaction, policy, facts) { OnlyChanged = isPolicyTheImages };
        labels.Apply(tree, cancellation);
        return labels.Facts;
    }
}
