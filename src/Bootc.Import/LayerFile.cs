// A file of a layer, whose checksum is known once it is written.
using Bootc.Ostree.Objects;

namespace Bootc.Import;

internal sealed class LayerFile
{
    public Checksum Checksum { get; set; }
}
