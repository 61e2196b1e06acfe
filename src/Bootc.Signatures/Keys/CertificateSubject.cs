// For whom a certificate is.
using System.Net;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Keys;

/// <summary>The alternative names of a certificate's subject (RFC 5280, section 4.2.1.6).</summary>
internal sealed class CertificateSubject
{
    private readonly List<string> _emails = [];
    private readonly List<string> _uris = [];
    private readonly List<string> _users = [];
    private readonly List<string> _hosts = [];
    private readonly List<IPAddress> _addresses = [];

    private static readonly DerObjectIdentifier FulcioUserName = new("1.3.6.1.4.1.57264.1.7"); // sigstore/fulcio, docs/oid-info.md

    /// <exception cref="InvalidSignatureException">The names are malformed.</exception>
    public CertificateSubject(X509Certificate certificate)
    {
        try
        {
            foreach (GeneralName name in ReadNames(certificate))
            {
                Add(name);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidSignatureException($"the certificate's alternative names are malformed: {e.Message}", e);
        }
    }

    /// <summary>E-mail addresses.</summary>
    public IReadOnlyList<string> Emails => _emails;

    /// <summary>URIs: workflows, mostly.</summary>
    public IReadOnlyList<string> Uris => _uris;

    /// <summary>The names by which people and machines log in: e-mail addresses, URIs, and user names of other kinds.</summary>
    public IEnumerable<string> Identities => Emails.Concat(Uris).Concat(_users);

    /// <summary>All names, for messages.</summary>
    public override string ToString() => string.Join(", ", Identities.Concat(_hosts).Concat(_addresses.Select(address => address.ToString())).DefaultIfEmpty("nobody"));

    /// <summary>Whether a host's name or address is among the names; <c>*.</c> stands for one label.</summary>
    public bool IsHost(string host)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address))
        {
            return _addresses.Contains(address);
        }

        host = host.TrimEnd('.');
        int dot = host.IndexOf('.');
        return _hosts.Any(name => name.Equals(host, StringComparison.OrdinalIgnoreCase)
            || (name.StartsWith("*.", StringComparison.Ordinal) && dot > 0 && name.AsSpan(1).Equals(host.AsSpan(dot), StringComparison.OrdinalIgnoreCase)));
    }

    private void Add(GeneralName name)
    {
        switch (name.TagNo)
        {
            case GeneralName.Rfc822Name:
                _emails.Add(TextOf(name));
                break;
            case GeneralName.UniformResourceIdentifier:
                _uris.Add(TextOf(name));
                break;
            case GeneralName.OtherName when Asn1Sequence.GetInstance(name.Name) is { Count: 2 } other && FulcioUserName.Equals(other[0]):
                _users.Add(DerUtf8String.GetInstance(Asn1TaggedObject.GetInstance(other[1]).GetExplicitBaseObject()).GetString());
                break;
            case GeneralName.DnsName:
                _hosts.Add(TextOf(name));
                break;
            case GeneralName.IPAddress when Asn1OctetString.GetInstance(name.Name).GetOctets() is { Length: 4 or 16 } bytes:
                _addresses.Add(new IPAddress(bytes));
                break;
        }
    }

    private static GeneralName[] ReadNames(X509Certificate certificate) => certificate.GetExtensionValue(X509Extensions.SubjectAlternativeName) is { } extension
        ? GeneralNames.GetInstance(Asn1Object.FromByteArray(extension.GetOctets())).GetNames()
        : [];

    private static string TextOf(GeneralName name) => DerIA5String.GetInstance(name.Name).GetString();
}
