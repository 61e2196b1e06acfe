// login and logout: credentials that later pulls use.
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bootc.Linux;
using Bootc.Oci.Registry;

namespace Bootc.Oci;

/// <summary>Checks credentials with a registry, and keeps them in an auth.json (containers-auth.json(5)); what else is in the file stays.</summary>
public static class RegistryLogin
{
    private const string HostFile = "etc/ostree/auth.json"; // which outlives a reboot, and which an OS that updates itself looks into first
    private const string Auths = "auths";

    /// <summary>The file in which credentials are kept unless another one is asked for.</summary>
    public static string DefaultFile(OciOptions options) =>
        options.AuthFile ?? (Environment.GetEnvironmentVariable("REGISTRY_AUTH_FILE") is { Length: > 0 } set ? set : Path.Combine(options.Root, HostFile));

    /// <summary>Asks a registry whether it accepts a user and a password.</summary>
    /// <exception cref="UnauthorizedException">It does not.</exception>
    /// <exception cref="OciException">It cannot be asked.</exception>
    public static Task CheckAsync(string registry, string user, string password, OciOptions options, CancellationToken cancellation) =>
        new RegistryClient(options, new Credential(user, password, null)).PingAsync(registry, cancellation);

    /// <summary>Keeps the credentials for a registry, or for the repositories below a path in it.</summary>
    /// <param name="file">The file, made where it is missing, for nobody but its owner to read.</param>
    /// <param name="key"><c>host[:port][/path]</c>.</param>
    /// <param name="user">The user.</param>
    /// <param name="password">The password.</param>
    /// <exception cref="OciException">The file is malformed or cannot be written.</exception>
    public static void Store(string file, string key, string user, string password) => Change(file, auths =>
    {
        auths[key] = new JsonObject { ["auth"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")) };
        return true;
    });

    /// <summary>Forgets the credentials for a registry.</summary>
    /// <returns>Whether the file had any.</returns>
    /// <exception cref="OciException">The file is malformed or cannot be written.</exception>
    public static bool Remove(string file, string key) => File.Exists(file) && Change(file, auths => auths.Remove(key));

    /// <summary>Forgets all credentials of a file.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="OciException">The file is malformed or cannot be written.</exception>
    public static int RemoveAll(string file)
    {
        int count = 0;
        return File.Exists(file) && Change(file, auths =>
        {
            count = auths.Count;
            auths.Clear();
            return count > 0;
        }) ? count : 0;
    }

    private static bool Change(string file, Func<JsonObject, bool> change)
    {
        string path = Path.GetFullPath(file);
        JsonObject document = File.Exists(path) ? Read(path) : [];
        if (document[Auths] is null)
        {
            document[Auths] = new JsonObject();
        }

        if (!change(document[Auths] as JsonObject ?? throw new OciException($"{path}: {Auths} is no object")))
        {
            return false;
        }

        Write(path, document);
        return true;
    }

    private static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new OciException($"the credentials in {path} are no object");
        }
        catch (JsonException e)
        {
            throw new OciException($"the credentials in {path} are malformed: {e.Message}", e);
        }
    }

    private static void Write(string path, JsonObject document)
    {
        try
        {
            string folder = Path.GetDirectoryName(path)!;
            Directory.CreateDirectory(folder);
            using DirectoryHandle directory = DirectoryHandle.Open(folder);
            directory.WriteAllBytesAtomically(Path.GetFileName(path), Encoding.UTF8.GetBytes(document.ToString() + "\n"), mode: 0x180);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OciException($"the credentials cannot be written to {path}: {e.Message}", e);
        }
    }
}
