// What an import tells while it runs.
using Bootc.Oci.Model;

namespace Bootc.Import;

/// <summary>Told about the progress of an import; several threads may call at once.</summary>
public interface IImportProgress
{
    /// <summary>Of the layers that <see cref="Start"/> will name as those to fetch, so many bytes are there already: their sizes are without them.</summary>
    void Reuse(long bytes)
    {
    }

    /// <summary>The import starts, with these layers to fetch and these there already.</summary>
    void Start(IReadOnlyList<Descriptor> toFetch, IReadOnlyList<Descriptor> present);

    /// <summary>So many bytes of a layer have come.</summary>
    void LayerProgress(Descriptor layer, long bytes);

    /// <summary>A layer is in the repository.</summary>
    void LayerDone(Descriptor layer);

    /// <summary>Something else is being done, named for users.</summary>
    void Step(string what);

    /// <summary>Something that users should know.</summary>
    void Warn(string message);
}
