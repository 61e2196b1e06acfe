// SipHash, the hash by which the graph server of Fedora CoreOS spreads hosts over a rollout.
using System.Buffers.Binary;
using System.Numerics;

namespace Bootc.Updates.Graph;

/// <summary>SipHash-c-d (Aumasson, Bernstein 2012).</summary>
internal static class SipHash
{
    /// <summary>Hashes a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="compressionRounds">c: rounds for each 8 bytes of the message.</param>
    /// <param name="finalizationRounds">d: rounds at the end.</param>
    /// <param name="key0">The key's first 8 bytes, little-endian.</param>
    /// <param name="key1">The key's other 8 bytes, little-endian.</param>
    public static ulong Compute(ReadOnlySpan<byte> message, int compressionRounds, int finalizationRounds, ulong key0 = 0, ulong key1 = 0)
    {
        ulong v0 = key0 ^ 0x736f6d6570736575, v1 = key1 ^ 0x646f72616e646f6d, v2 = key0 ^ 0x6c7967656e657261, v3 = key1 ^ 0x7465646279746573;
        ulong last = (ulong)message.Length << 56;
        for (; message.Length >= 8; message = message[8..])
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(message);
            v3 ^= word;
            Rounds(compressionRounds);
            v0 ^= word;
        }

        for (int i = 0; i < message.Length; i++)
        {
            last |= (ulong)message[i] << (8 * i);
        }

        v3 ^= last;
        Rounds(compressionRounds);
        v0 ^= last;
        v2 ^= 0xFF;
        Rounds(finalizationRounds);
        return v0 ^ v1 ^ v2 ^ v3;

        void Rounds(int count)
        {
            for (int i = 0; i < count; i++)
            {
                v0 += v1;
                v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
                v0 = BitOperations.RotateLeft(v0, 32);
                v2 += v3;
                v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
                v0 += v3;
                v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
                v2 += v1;
                v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
                v2 = BitOperations.RotateLeft(v2, 32);
            }
        }
    }
}
