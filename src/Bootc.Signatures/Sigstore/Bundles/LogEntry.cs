// An entry of a log of signatures, and what proves that the log has it.
using System.Globalization;
using System.Text;
using Bootc.Signatures.Json;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A <c>TransparencyLogEntry</c>.</summary>
internal sealed class LogEntry
{
    private static readonly (string, string)[] KindsOfTiles = [("hashedrekord", "0.0.2"), ("dsse", "0.0.2")]; // those of Rekor v2
    private readonly long _index;
    private readonly byte[] _logId;
    private readonly (string Kind, string Version) _kind;
    private readonly long _time;
    private readonly byte[]? _promise;
    private readonly InclusionProof? _proof;
    private readonly byte[] _body;

    /// <exception cref="JsonFormatException">It is malformed.</exception>
    public LogEntry(ProtoObject entry)
    {
        _index = entry.GetInteger("logIndex");
        ProtoObject id = entry.GetMessage("logId");
        _logId = id.RequireBytes("keyId");
        id.End();
        ProtoObject kind = entry.GetMessage("kindVersion");
        _kind = (kind.GetString("kind"), kind.GetString("version"));
        kind.End();
        _time = entry.GetInteger("integratedTime");
        if (entry.TryGetMessage("inclusionPromise") is { } promise)
        {
            _promise = promise.RequireBytes("signedEntryTimestamp");
            promise.End();
        }

        _proof = entry.TryGetMessage("inclusionProof") is { } proof ? new InclusionProof(proof) : null;
        _body = entry.RequireBytes("canonicalizedBody");
        entry.End();
        if (_index < 0 || _time < 0 || _time > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            throw new JsonFormatException($"'{entry.PathOf("logIndex")}' or the time beside it is out of range");
        }
    }

    /// <summary>Whether the entry says when the log took it. Those of Rekor v2 do not.</summary>
    public bool HasTime => _promise is not null;

    /// <summary>Checks that the entry has what its bundle's version asks for.</summary>
    /// <param name="mustBePromised">Whether there must be a promise: bundles of the first version have one, later ones a proof.</param>
    /// <exception cref="InvalidSignatureException">It lacks that.</exception>
    public void RequireProof(bool mustBePromised)
    {
        if (mustBePromised)
        {
            _ = _promise ?? throw new InvalidSignatureException("the log entry has no inclusion promise, which bundles of version 0.1 must have");
        }
        else if (_proof?.Checkpoint is null)
        {
            throw new InvalidSignatureException($"the log entry has no inclusion proof{(_proof is null ? "" : " with a checkpoint")}");
        }
    }

    /// <summary>Checks that a log of a trusted root has the entry, and that it is of a certain signature.</summary>
    /// <returns>The log, and when it says that it took the entry, if that is proven.</returns>
    /// <exception cref="InvalidSignatureException">It has not, or it is of another one.</exception>
    public (LogInstance Log, DateTimeOffset? Time) Verify(TrustedRoot root, SignedContent content, byte[] signer, SignedArtifact artifact)
    {
        LogInstance log = root.Logs.FirstOrDefault(log => log.Id.AsSpan().SequenceEqual(_logId))
            ?? throw new InvalidSignatureException($"the log entry is one of the log {Convert.ToHexStringLower(_logId)}, which the trusted root does not have");
        LoggedSignature.Parse(_body, _kind).Require(content, signer, artifact);
        bool isOfTiles = KindsOfTiles.Contains(_kind);
        if (isOfTiles && (_promise is not null || _time != 0))
        {
            throw new InvalidSignatureException($"the log entry has a promise or a time, which those of the kind {_kind.Kind} {_kind.Version} have not");
        }

        if (isOfTiles && _proof is not null && _proof.Index != _index)
        {
            throw new InvalidSignatureException($"the inclusion proof is of entry {_proof.Index}, not of {_index}");
        }

        _proof?.Require(_body);
        _proof?.Checkpoint?.RequireSignature(log, mustBeNamed: isOfTiles);
        return (log, VerifyPromise(log));
    }

    private DateTimeOffset? VerifyPromise(LogInstance log)
    {
        if (_promise is null)
        {
            return null;
        }

        // The canonical JSON (RFC 8785) of the entry as Rekor's first API gives it.
        string entry = string.Create(CultureInfo.InvariantCulture, $$"""{"body":"{{Convert.ToBase64String(_body)}}","integratedTime":{{_time}},"logID":"{{Convert.ToHexStringLower(_logId)}}","logIndex":{{_index}}}""");
        if (!log.Verifies(Encoding.ASCII.GetBytes(entry), _promise))
        {
            throw new InvalidSignatureException($"the signed entry timestamp is not signed by the log {log}");
        }

        DateTimeOffset time = DateTimeOffset.FromUnixTimeSeconds(_time);
        log.RequireValid(time);
        return time;
    }
}
