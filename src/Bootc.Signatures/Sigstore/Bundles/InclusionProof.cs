// That an entry is in a log (RFC 9162, section 2.1.3).
using System.Security.Cryptography;
using Bootc.Signatures.Json;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>An <c>InclusionProof</c>: the hashes on the way from an entry to the root of the log's tree.</summary>
internal sealed class InclusionProof
{
    private const int MaximumHashes = 63;
    private readonly long _treeSize;
    private readonly byte[] _rootHash;
    private readonly IReadOnlyList<byte[]> _hashes;

    /// <exception cref="JsonFormatException">It is malformed.</exception>
    public InclusionProof(ProtoObject proof)
    {
        Index = proof.GetInteger("logIndex");
        _treeSize = proof.GetInteger("treeSize");
        _rootHash = proof.RequireBytes("rootHash");
        _hashes = proof.GetBytesList("hashes");
        ProtoObject? checkpoint = proof.TryGetMessage("checkpoint");
        proof.End();
        if (Index < 0 || Index >= _treeSize || _rootHash.Length != SHA256.HashSizeInBytes || _hashes.Count > MaximumHashes || _hashes.Any(hash => hash.Length != SHA256.HashSizeInBytes))
        {
            throw new JsonFormatException($"'{proof.PathOf("hashes")}' is no way through a tree");
        }

        if (checkpoint is not null)
        {
            Checkpoint = new Checkpoint(checkpoint.GetString("envelope"), checkpoint.PathOf("envelope"));
            checkpoint.End();
        }
    }

    /// <summary>Which entry of the tree it is.</summary>
    public long Index { get; }

    /// <summary>What the log has signed, without which the proof says nothing of the log.</summary>
    public Checkpoint? Checkpoint { get; }

    /// <summary>Checks that an entry is in the tree of the checkpoint.</summary>
    /// <exception cref="InvalidSignatureException">It is not.</exception>
    public void Require(byte[] entry)
    {
        if (!ComputeRoot(entry).AsSpan().SequenceEqual(_rootHash))
        {
            throw new InvalidSignatureException("the inclusion proof does not lead from the log entry to the root hash of the log");
        }

        if (Checkpoint is not null && (Checkpoint.TreeSize != _treeSize || !Checkpoint.RootHash.AsSpan().SequenceEqual(_rootHash)))
        {
            throw new InvalidSignatureException($"the checkpoint is of another tree than the inclusion proof: of {Checkpoint.TreeSize} entries and the root hash {Convert.ToHexStringLower(Checkpoint.RootHash)}, not of {_treeSize} and {Convert.ToHexStringLower(_rootHash)}");
        }
    }

    private byte[] ComputeRoot(byte[] entry)
    {
        byte[] hash = SHA256.HashData([0, .. entry]);
        long index = Index;
        long last = _treeSize - 1;
        foreach (byte[] other in _hashes)
        {
            if (last == 0)
            {
                return []; // the way is too long
            }

            if ((index & 1) == 1 || index == last)
            {
                hash = SHA256.HashData([1, .. other, .. hash]);
                while ((index & 1) == 0 && index != 0)
                {
                    index >>= 1;
                    last >>= 1;
                }
            }
            else
            {
                hash = SHA256.HashData([1, .. hash, .. other]);
            }

            index >>= 1;
            last >>= 1;
        }

        return last == 0 ? hash : []; // or it is too short
    }
}
