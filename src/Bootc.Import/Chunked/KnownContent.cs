// What of a layer's content a repository has, from whatever image it came.
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Bootc.Oci.Layers.Chunked;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Chunked;

/// <summary>
/// Finds content by its digest: in what is remembered of layers that came with tables of contents, and, where much would have
/// to be fetched, by hashing objects of other layers that have the size of what is looked for.
/// </summary>
internal sealed class KnownContent
{
    private readonly Repository _repository;
    private readonly ContentIndex _index;
    private readonly Lazy<LayerFacts> _facts;
    private readonly ConcurrentDictionary<ContentDigest, ContentPlace> _hashed = new();
    private readonly HashSet<Checksum> _seen = [];

    public KnownContent(Repository repository)
    {
        _repository = repository;
        _index = ContentIndex.Load(repository);
        _facts = new Lazy<LayerFacts>(LoadFacts);
    }

    /// <summary>Where the content of a digest is.</summary>
    public IEnumerable<ContentPlace> Find(ContentDigest digest)
    {
        IEnumerable<ContentPlace> places = _index.Find(digest);
        return _hashed.TryGetValue(digest, out ContentPlace hashed) ? places.Append(hashed) : places;
    }

    /// <summary>Whether the content of a digest is anywhere.</summary>
    public bool Contains(ContentDigest digest) => _index.Contains(digest) || _hashed.ContainsKey(digest);

    /// <summary>Where content of a digest and a size is, if anywhere.</summary>
    public ContentPlace? TryFind(ContentDigest digest, long size) =>
        _index.TryFind(digest, size) ?? (_hashed.TryGetValue(digest, out ContentPlace hashed) && hashed.Size == size ? hashed : null);

    /// <summary>Begins to read what is known of the objects, which is asked for when a plan is carried out.</summary>
    public void BeginReadingFacts() => _ = Task.Run(() => _facts.Value);

    /// <summary>What a content object is.</summary>
    /// <exception cref="OstreeException">It is not there, or damaged.</exception>
    public FileFacts FactsOf(Checksum file)
    {
        if (_facts.Value.TryGet(file) is { } known)
        {
            return known;
        }

        (FileHeader header, long size) = _repository.LoadFileHeader(file);
        return new FileFacts(header, size, null);
    }

    /// <summary>Looks for contents in objects whose digests are not remembered, by reading those of the right size.</summary>
    public void Search(IReadOnlyCollection<TocFile> wanted, CancellationToken cancellation)
    {
        HashSet<long> sizes = [.. wanted.Select(file => file.Size)];
        List<(Checksum Object, long Size)> candidates = [.. UnknownObjects().Where(candidate => sizes.Contains(candidate.Size))];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        Parallel.ForEach(candidates, options, candidate =>
        {
            try
            {
                using Stream content = _repository.OpenFileContent(candidate.Object);
                Span<byte> hash = stackalloc byte[ContentDigest.Size];
                SHA256.HashData(content, hash);
                _hashed.TryAdd(new ContentDigest(hash), new ContentPlace(candidate.Object, 0, candidate.Size));
            }
            catch (Exception e) when (e is OstreeException or IOException or InvalidDataException)
            {
                // What cannot be read is no source of content.
            }
        });
    }

    // Those of layers whose contents are not remembered; without layers, as where another program made the commits, of all commits.
    private IEnumerable<(Checksum Object, long Size)> UnknownObjects()
    {
        HashSet<Checksum> remembered = [.. _index.Layers];
        IReadOnlyList<KeyValuePair<string, Checksum>> layers = _repository.ListRefs(ImageStore.LayerPrefix);
        foreach (Checksum commit in (layers.Count > 0 ? layers : _repository.ListRefs()).Select(entry => entry.Value).Distinct())
        {
            if (remembered.Contains(commit) || !_repository.HasObject(new(commit, ObjectType.Commit)))
            {
                continue;
            }

            foreach ((_, Checksum file) in _repository.OpenTree(commit).Walk())
            {
                if (_seen.Add(file) && TryGetSize(file) is > 0 and { } size)
                {
                    yield return (file, size);
                }
            }
        }
    }

    private long? TryGetSize(Checksum file)
    {
        try
        {
            return FactsOf(file).Size;
        }
        catch (OstreeException)
        {
            return null;
        }
    }

    private LayerFacts LoadFacts()
    {
        var facts = new LayerFacts();
        foreach (Checksum commit in _index.Layers.Concat(_repository.ListRefs(ImageStore.LayerPrefix).Select(entry => entry.Value)).Distinct())
        {
            facts.Read(_repository, commit);
        }

        return facts;
    }
}
