// A repository and image layouts for one test.
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Testing;

namespace Bootc.Import.Tests;

internal sealed class TestRepository : IDisposable
{
    public TestRepository()
    {
        Directory.CreateDirectory(Folder["repo"]);
        Repository = Repository.Create(DirectoryHandle.Open(Folder["repo"]), RepositoryMode.Bare);
    }

    public TestDirectory Folder { get; } = new();

    public Repository Repository { get; private set; }

    public string Path => Folder["repo"];

    /// <summary>Imports an image from where it was written; the digests of the layers that were fetched are added to a list.</summary>
    public Task<PulledImage> ImportAsync(WrittenImage image, List<string>? fetched = null) => ImportAsync(ImageReference.Parse(image.Reference), fetched);

    /// <summary>Imports an image from anywhere.</summary>
    public async Task<PulledImage> ImportAsync(ImageReference reference, List<string>? fetched = null, CommitAdmission? admit = null)
    {
        await using IImageSource source = ImageSources.Open(reference);
        var importer = new ImageImporter(Repository, new ImportOptions { AdmitCommit = admit });
        PreparedImport prepared = await importer.PrepareAsync(new CountingSource(source, fetched), reference, CancellationToken.None);
        return await importer.ImportAsync(prepared, null, CancellationToken.None);
    }

    /// <summary>Opens the repository anew, as the next program does.</summary>
    public void Reopen()
    {
        Repository.Dispose();
        Repository = Repository.Open(Path);
    }

    public void Dispose()
    {
        Repository.Dispose();
        Folder.Dispose();
    }
}
