// Documents of graphs that a server reads anew when they change.
namespace Bootc.Updates.Graph;

/// <summary>Files with one document each. What is read last without errors counts.</summary>
public sealed class GraphFiles
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);
    private readonly Lock _lock = new();
    private readonly Entry[] _files;
    private readonly Action<string> _log;
    private IReadOnlyList<GraphDocument> _documents = [];
    private long _looked;

    /// <param name="paths">The files.</param>
    /// <param name="log">Takes a line for the log.</param>
    /// <exception cref="GraphFormatException">A file is no graph.</exception>
    /// <exception cref="UpdatesException">Two files have the same stream.</exception>
    public GraphFiles(IReadOnlyList<string> paths, Action<string> log)
    {
        _log = log;
        _files = [.. paths.Select(path => new Entry(path) { Written = File.GetLastWriteTimeUtc(path), Document = GraphDocument.Load(path) })];
        _documents = [.. _files.Select(file => file.Document)];
        if (_documents.GroupBy(document => document.Stream, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new UpdatesException($"two documents are of the stream '{twice.Key}'");
        }

        _looked = Environment.TickCount64;
    }

    private sealed record Entry(string Path)
    {
        public DateTime Written { get; set; }

        public required GraphDocument Document { get; set; }
    }

    /// <summary>The documents as they are now.</summary>
    public IReadOnlyList<GraphDocument> Current()
    {
        lock (_lock)
        {
            if (Environment.TickCount64 - _looked >= LookAgain.TotalMilliseconds)
            {
                _looked = Environment.TickCount64;
                foreach (Entry file in _files)
                {
                    Refresh(file);
                }

                _documents = [.. _files.Select(file => file.Document)];
            }

            return _documents;
        }
    }

    private void Refresh(Entry file)
    {
        DateTime written = File.GetLastWriteTimeUtc(file.Path);
        if (written == file.Written)
        {
            return;
        }

        file.Written = written;
        try
        {
            GraphDocument document = GraphDocument.Load(file.Path);
            if (_files.Any(other => other != file && other.Document.Stream == document.Stream))
            {
                throw new UpdatesException($"{file.Path} is of the stream '{document.Stream}', as another document is");
            }

            file.Document = document;
            _log($"{file.Path} was read anew");
        }
        catch (Exception e) when (e is UpdatesException or IOException or UnauthorizedAccessException)
        {
            _log($"{e.Message}; what was read before stays in use");
        }
    }
}
