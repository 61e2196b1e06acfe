// A repository of RPM packages that a test makes: packages by rpmbuild, signed by keys of its own, lists by createrepo_c.
using System.Text;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

/// <summary>A repository in a directory, with the key that its packages are signed by. All tools are those of the reference tree.</summary>
internal sealed class RpmRepository : ITestRepository, IDisposable
{
    private readonly TestDirectory _directory = new("rpms");

    public RpmRepository()
    {
        Directory.CreateDirectory(Path);
        Directory.CreateDirectory(_directory["gpg"]);
        _directory.Handle.SetMode("gpg", 0x1C0);
        Key = MakeKey("test");
    }

    /// <summary>The repository's directory.</summary>
    public string Path => _directory["repository"];

    /// <summary>The file of the public key, in ASCII armor.</summary>
    public string Key { get; }

    /// <summary>Makes a package of release 1 for every architecture.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="version">Its version.</param>
    /// <param name="files">Files by path; those below <c>etc</c> are configuration.</param>
    /// <param name="fields">Further lines of its preamble.</param>
    /// <param name="post">The script that is run after its files are there.</param>
    /// <param name="signer">Whose key signs it; nobody's when empty.</param>
    /// <returns>The path of its file, which no list has yet.</returns>
    public string Make(string name, string version, Dictionary<string, string>? files = null, string fields = "", string? post = null, string signer = "test")
    {
        string tree = $"build-{name}-{version}";
        var listed = new StringBuilder();
        if (Directory.Exists(_directory[tree]))
        {
            Directory.Delete(_directory[tree], recursive: true); // another package of the same version
        }

        Directory.CreateDirectory(_directory[tree]);
        foreach ((string path, string content) in files ?? [])
        {
            _directory.Write($"{tree}/{path}", content);
            bool isProgram = content.StartsWith("#!", StringComparison.Ordinal);
            _directory.Handle.SetMode($"{tree}/{path}", isProgram ? 0x1EDu : 0x1A4u);
            listed.Append(path.StartsWith("etc/", StringComparison.Ordinal) ? "%config(noreplace) " : "").Append('/').Append(path).Append('\n');
        }

        string script = post is null ? "" : $"%post\nset -e\n{post}\n";
        string spec = _directory.Write($"{name}-{version}.spec", $"Name: {name}\nVersion: {version}\nRelease: 1\nSummary: {name} for a test\nLicense: MIT\nBuildArch: noarch\n{fields}\n%description\n%{{summary}}.\n\n%install\nmkdir -p %{{buildroot}}\ncp -a {_directory[tree]}/. %{{buildroot}}\n\n{script}\n%files\n{listed}");
        Oracle.Run(
            "rpmbuild", "-bb", "--quiet",
            "--define", $"_topdir {_directory["rpmbuild"]}", "--define", $"_rpmdir {_directory["made"]}", "--define", "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
            "--define", "__os_install_post %{nil}", "--define", "_buildhost test.example.com", spec).Succeeded();
        string made = _directory[$"made/{name}-{version}-1.noarch.rpm"];
        if (signer.Length > 0)
        {
            Oracle.Run("rpmsign", "--addsign", "--define", $"_gpg_name {signer}@example.com", "--define", $"_gpg_path {_directory["gpg"]}", made).Succeeded();
        }

        return made;
    }

    /// <summary>Makes a package and puts it into the repository; <see cref="Publish"/> lists it.</summary>
    public RpmRepository Add(string name, string version, Dictionary<string, string>? files = null, string fields = "", string? post = null, string signer = "test")
    {
        string made = Make(name, version, files, fields, post, signer);
        File.Move(made, System.IO.Path.Combine(Path, System.IO.Path.GetFileName(made)), overwrite: true);
        return this;
    }

    /// <summary>Takes a package out of the repository; <see cref="Publish"/> lists it no more.</summary>
    public RpmRepository Remove(string name, string version)
    {
        File.Delete(System.IO.Path.Combine(Path, $"{name}-{version}-1.noarch.rpm"));
        return this;
    }

    /// <inheritdoc/>
    public void Bring(string name, string version, Dictionary<string, string>? files = null) => Add(name, version, files).Publish();

    /// <inheritdoc/>
    public void Take(string name, string version) => Remove(name, version).Publish();

    /// <summary>Writes and signs the lists.</summary>
    public void Publish(string signer = "test")
    {
        Oracle.Run("createrepo_c", "-q", Path).Succeeded();
        Sign(signer);
    }

    /// <summary>Writes and signs the lists, with a list of updates besides.</summary>
    /// <param name="updates">The elements <c>update</c> of <c>updateinfo.xml</c>.</param>
    /// <param name="compression">How the list is compressed, as modifyrepo_c(8) calls it.</param>
    public void PublishWithUpdates(string updates, string compression)
    {
        Oracle.Run("createrepo_c", "-q", Path).Succeeded();
        string list = _directory.Write("updateinfo.xml", $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<updates>\n{updates}</updates>\n");
        Oracle.Run("modifyrepo_c", "--mdtype=updateinfo", $"--compress-type={compression}", list, System.IO.Path.Combine(Path, "repodata")).Succeeded();
        Sign("test");
    }

    private void Sign(string signer)
    {
        string lists = System.IO.Path.Combine(Path, "repodata/repomd.xml");
        File.Delete(lists + ".asc");
        Gpg("--local-user", $"{signer}@example.com", "--armor", "--detach-sign", "--output", lists + ".asc", lists);
    }

    /// <summary>Makes another key.</summary>
    /// <returns>The file of the public key.</returns>
    public string MakeKey(string name)
    {
        Gpg("--passphrase", "", "--quick-generate-key", $"{name}@example.com", "ed25519", "sign", "never");
        string file = _directory[$"{name}.asc"];
        Gpg("--armor", "--output", file, "--export", $"{name}@example.com");
        return file;
    }

    /// <summary>Tells dnf on a host of the repository and of its key, as an administrator would.</summary>
    /// <param name="etc">The host's <c>/etc</c>.</param>
    public void AddTo(string etc)
    {
        Directory.CreateDirectory($"{etc}/yum.repos.d");
        Directory.CreateDirectory($"{etc}/pki/rpm-gpg");
        File.WriteAllBytes($"{etc}/pki/rpm-gpg/test.asc", File.ReadAllBytes(Key));
        File.WriteAllText($"{etc}/yum.repos.d/test.repo", $"[test]\nname=Test\nbaseurl=file://{Path}\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/test.asc\n");
    }

    public void Dispose()
    {
        Oracle.Run("gpgconf", "--homedir", _directory["gpg"], "--kill", "all");
        _directory.Dispose();
    }

    private void Gpg(params string[] arguments) => Oracle.Run("gpg", ["--homedir", _directory["gpg"], "--batch", "--quiet", .. arguments]).Succeeded();
}
