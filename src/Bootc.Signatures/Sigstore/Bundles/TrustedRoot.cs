// trusted_root.json: the authorities and logs of a Sigstore (sigstore/protobuf-specs, sigstore_trustroot.proto).
using System.Text.Json;
using Bootc.Signatures.Json;
using Bootc.Signatures.Policy;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>Whose certificates, log entries and time stamps count, and when they did.</summary>
public sealed class TrustedRoot
{
    /// <summary>The file that replaces the one in this program, below a host's root.</summary>
    public const string HostPath = "etc/bootc/trusted_root.json";

    private const string Resource = "trusted_root.json";
    private const int MaximumSize = 16 * 1024 * 1024;
    private static readonly string[] MediaTypes =
    [
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "application/vnd.dev.sigstore.trustedroot+json;version=0.2", "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    ];

    private TrustedRoot(ProtoObject root)
    {
        string mediaType = root.GetString("mediaType");
        if (!MediaTypes.Contains(mediaType))
        {
            throw new JsonFormatException($"it is of the type '{mediaType}'");
        }

        Logs = [.. root.GetMessages("tlogs").Select(log => new LogInstance(log))];
        CertificateAuthorities = [.. root.GetMessages("certificateAuthorities").Select(authority => new CertificateAuthority(authority))];
        CertificateLogs = [.. root.GetMessages("ctlogs").Select(log => new LogInstance(log))];
        TimestampAuthorities = [.. root.GetMessages("timestampAuthorities").Select(authority => new CertificateAuthority(authority))];
        root.End();
    }

    /// <summary>What a policy trusts.</summary>
    internal TrustedRoot(IEnumerable<LogInstance> logs, IEnumerable<CertificateAuthority> authorities, IEnumerable<CertificateAuthority> timestampAuthorities)
    {
        Logs = [.. logs];
        CertificateAuthorities = [.. authorities];
        CertificateLogs = [];
        TimestampAuthorities = [.. timestampAuthorities];
    }

    /// <summary>The logs of signatures.</summary>
    internal IReadOnlyList<LogInstance> Logs { get; }

    /// <summary>The authorities that give certificates to signers.</summary>
    internal IReadOnlyList<CertificateAuthority> CertificateAuthorities { get; }

    /// <summary>The logs of those certificates.</summary>
    internal IReadOnlyList<LogInstance> CertificateLogs { get; }

    /// <summary>The authorities for time stamps.</summary>
    internal IReadOnlyList<CertificateAuthority> TimestampAuthorities { get; }

    /// <summary>The trusted root of a host: its own file where it has one, or else that of Sigstore's public-good instance, which this program has in it.</summary>
    /// <param name="root">The root of the host's file system.</param>
    /// <exception cref="TrustRootException">It is malformed.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TrustedRoot OfHost(string root)
    {
        string path = Path.Combine(root, HostPath);
        return File.Exists(path) ? Load(path) : OfPublicGood();
    }

    /// <summary>The authorities and logs of Sigstore's public-good instance, as this program has them in it.</summary>
    public static TrustedRoot OfPublicGood()
    {
        using Stream resource = typeof(TrustedRoot).Assembly.GetManifestResourceStream(Resource)!;
        byte[] content = new byte[resource.Length];
        resource.ReadExactly(content);
        return Parse(content, "of Sigstore's public-good instance");
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="TrustRootException">It is malformed.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TrustedRoot Load(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length > MaximumSize)
        {
            throw new TrustRootException($"the trusted root {path} has {file.Length} bytes, more than {MaximumSize}");
        }

        byte[] content = new byte[file.Length];
        file.ReadExactly(content);
        return Parse(content, path);
    }

    /// <summary>Reads the JSON.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="TrustRootException">It is malformed.</exception>
    public static TrustedRoot Parse(ReadOnlyMemory<byte> json, string name)
    {
        try
        {
            using JsonDocument document = StrictObject.Parse(json);
            return new TrustedRoot(new ProtoObject(document.RootElement, ""));
        }
        catch (JsonFormatException e)
        {
            throw new TrustRootException($"the trusted root {name} is malformed: {e.Message}", e);
        }
    }
}
