// Says of which blob bytes have been read.
using Bootc.Oci.Model;

namespace Bootc.Oci;

internal sealed class BlobBytes(Descriptor blob, IPushProgress progress) : IProgress<long>
{
    public void Report(long value) => progress.BlobProgress(blob, value);
}
