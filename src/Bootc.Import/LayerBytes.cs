// How much of a layer has come.
using Bootc.Oci.Model;

namespace Bootc.Import;

/// <summary>Tells the progress of an import what is received of one layer.</summary>
/// <param name="layer">The layer, as it was announced.</param>
/// <param name="progress">Whom to tell.</param>
/// <param name="before">How many bytes had come when the counting began.</param>
internal sealed class LayerBytes(Descriptor layer, IImportProgress? progress, long before = 0) : IProgress<long>
{
    public void Report(long value) => progress?.LayerProgress(layer, before + value);
}
