// Ed25519 signatures (RFC 8032, section 5.1.7), of which only the check is needed here.
using System.Numerics;
using System.Security.Cryptography;

namespace Bootc.PrepareRoot;

/// <summary>Checks Ed25519 signatures. Keys, messages and signatures are public, so that time need not be constant.</summary>
internal static class Ed25519
{
    private const int KeySize = 32;
    private const int SignatureSize = 64;

    private static readonly BigInteger Prime = BigInteger.Pow(2, 255) - 19;
    private static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493");
    private static readonly BigInteger D = Modulo(-121665 * Invert(121666));
    private static readonly BigInteger SquareRootOfMinusOne = BigInteger.ModPow(2, (Prime - 1) / 4, Prime);
    private static readonly Point Base = Decode(BasePoint())!.Value;

    /// <summary>Whether a signature of a message was made with the secret half of a public key.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != KeySize || signature.Length != SignatureSize || Decode(publicKey) is not { } key || Decode(signature[..32]) is not { } r)
        {
            return false;
        }

        var s = new BigInteger(signature[32..], isUnsigned: true);
        if (s >= Order)
        {
            return false;
        }

        byte[] hash = SHA512.HashData([.. signature[..32], .. publicKey, .. message]);
        BigInteger k = new BigInteger(hash, isUnsigned: true) % Order;
        return Multiply(Base, s).Equals(Add(r, Multiply(key, k)));
    }

    private static byte[] BasePoint()
    {
        byte[] encoded = new byte[KeySize];
        encoded.AsSpan().Fill(0x66);
        encoded[0] = 0x58; // y = 4/5, x even
        return encoded;
    }

    private static Point? Decode(ReadOnlySpan<byte> encoded)
    {
        byte[] copy = encoded.ToArray();
        bool isOdd = (copy[^1] & 0x80) != 0;
        copy[^1] &= 0x7f;
        var y = new BigInteger(copy, isUnsigned: true);
        if (y >= Prime)
        {
            return null;
        }

        BigInteger square = Modulo((y * y - 1) * Invert(D * y * y + 1));
        BigInteger x = BigInteger.ModPow(square, (Prime + 3) / 8, Prime);
        if (Modulo(x * x - square) != 0)
        {
            x = Modulo(x * SquareRootOfMinusOne);
        }

        if (Modulo(x * x - square) != 0 || (x.IsZero && isOdd))
        {
            return null;
        }

        x = x.IsEven == isOdd ? Prime - x : x;
        return new Point(x, y, 1, Modulo(x * y));
    }

    private static Point Multiply(Point point, BigInteger factor)
    {
        var result = new Point(0, 1, 1, 0);
        for (; !factor.IsZero; factor >>= 1)
        {
            if (!factor.IsEven)
            {
                result = Add(result, point);
            }

            point = Add(point, point);
        }

        return result;
    }

    private static Point Add(Point p, Point q)
    {
        BigInteger a = Modulo((p.Y - p.X) * (q.Y - q.X));
        BigInteger b = Modulo((p.Y + p.X) * (q.Y + q.X));
        BigInteger c = Modulo(2 * p.T * q.T * D);
        BigInteger d = Modulo(2 * p.Z * q.Z);
        BigInteger e = b - a, f = d - c, g = d + c, h = b + a;
        return new Point(Modulo(e * f), Modulo(g * h), Modulo(f * g), Modulo(e * h));
    }

    private static BigInteger Invert(BigInteger value) => BigInteger.ModPow(Modulo(value), Prime - 2, Prime);

    private static BigInteger Modulo(BigInteger value)
    {
        BigInteger rest = value % Prime;
        return rest.Sign < 0 ? rest + Prime : rest;
    }

    // Extended homogeneous coordinates: x = X/Z, y = Y/Z, x*y = T/Z.
    private readonly record struct Point(BigInteger X, BigInteger Y, BigInteger Z, BigInteger T)
    {
        public bool Equals(Point other) => Modulo(X * other.Z - other.X * Z).IsZero && Modulo(Y * other.Z - other.Y * Z).IsZero;

        public override int GetHashCode() => 0;
    }
}
