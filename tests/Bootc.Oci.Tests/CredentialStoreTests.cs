// Which entry of a file of credentials is for which registry.
using System.Text;
using Bootc.Oci.Registry;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

public sealed class CredentialStoreTests : IDisposable
{
    private readonly TestDirectory _directory = new("credentials");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("registry.example/a", "registry.example")]
    [InlineData("registry.example:5000/a", "https://registry.example:5000")]
    [InlineData("registry.example/a", "https://registry.example/v1/")]
    [InlineData("registry.example/a", "http://registry.example/v2")]
    [InlineData("registry.example/a/b", "registry.example/a http://registry.example")]
    [InlineData("docker.io/a", "docker.io/library docker.io index.docker.io")]
    [InlineData("docker.io/a/b", "docker.io/a docker.io")]
    [InlineData("docker.io/a", "https://index.docker.io/v1/")]
    [InlineData("docker.io/a", "https://index.docker.io/v1")]
    [InlineData("docker.io/a", "index.docker.io")]
    [InlineData("index.docker.io/a", "registry-1.docker.io")]
    public void First_of_these_keys_counts(string image, string keys) =>
        Assert.Equal(keys.Split(' ')[0], Find("auth.json", $$"""{"auths":{ {{Entries(string.Join(' ', keys.Split(' ').Reverse()))}} } }""", image));

    [Theory]
    [InlineData("registry.example/a", "https://registry.example:5000 registry.example.com registry.example/b")]
    [InlineData("registry.example/a", "https://registry.example.com/registry.example")]
    [InlineData("docker.io/a", "docker.io/a https://docker.io.example")]
    public void None_of_these_keys_counts(string image, string keys) =>
        Assert.Null(Find("auth.json", $$"""{"auths":{ {{Entries(keys)}} } }""", image));

    // The file that Docker wrote before version 1.7.
    [Theory]
    [InlineData("docker.io/a", "http://index.docker.io/v1")]
    [InlineData("registry.example/a", "https://registry.example/v1")]
    public void Oldest_file_of_Docker_is_read(string image, string key) =>
        Assert.Equal(key, Find(".dockercfg", $$"""{ {{Entries(key)}} }""", image));

    private string? Find(string file, string content, string image) =>
        new CredentialStore(new OciOptions { AuthFile = _directory.Write(file, content) }, static () => [CredentialStore.AuthFiles]).Find(RegistryReference.Parse(image))?.Password;

    // The password tells which entry was taken.
    private static string Entries(string keys) =>
        string.Join(',', keys.Split(' ').Select(key => $"\"{key}\":{{\"auth\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes("user:" + key))}\"}}"));
}
