// podman, on a store of the host's.
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Bootc.Linux;
using Bootc.Oci;

namespace Bootc.Deployments.Bound;

/// <summary>
/// Runs podman on a store in a sysroot. podman writes down where its store is, so it finds every one at the same place, as bootc shows it
/// its own: <c>/run/bootc/storage</c>, in a mount namespace of its own, with the folder beneath as file descriptor 3 for what is lost at a reboot.
/// </summary>
/// <param name="sysroot">The sysroot.</param>
/// <param name="folder">The store in it.</param>
/// <param name="oci">Where credentials are.</param>
internal sealed class Podman(Sysroot sysroot, string folder, OciOptions oci)
{
    private const string Program = "podman";
    private const string Place = "/run/bootc/storage";
    private const string SysrootPlace = "/run/bootc/sysroot";
    private const string NoCredentials = "/run/bootc/no-auth.json";
    private const string Script = $"""
        if [ -n "$2" ]; then
            mknod -m 600 {SysrootPlace}.device b $2
            mount {SysrootPlace}.device {SysrootPlace} && rm {SysrootPlace}.device
        fi
        cd "$1"; shift 2
        exec 3< {Place}
        mount --bind . {Place}
        cd /
        exec {Program} --root {Place} --runroot /proc/self/fd/3 "$@"
        """;

    private static readonly string[] CredentialFiles = ["etc/ostree/auth.json", "run/ostree/auth.json", "usr/lib/ostree/auth.json"];

    /// <summary>Whether this host has podman.</summary>
    public static bool IsThere => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, Program)));

    /// <summary>Runs podman to its end.</summary>
    /// <exception cref="BoundImageException">It cannot be run.</exception>
    public PodmanResult Run(string[] arguments, CancellationToken cancellation)
    {
        PodmanResult? result = null;
        try
        {
            Directory.CreateDirectory(Place);
            Mounts.RunInPrivateNamespace(() => result = Execute(FindStore(), arguments, cancellation));
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new BoundImageException($"podman cannot be run on {sysroot.Path}/{folder}: {e.Message}", e);
        }

        cancellation.ThrowIfCancellationRequested();
        return result!;
    }

    // A file system that an installation has made is mounted nowhere: podman sees it by its device.
    private (string Path, string Device) FindStore()
    {
        string path = Path.Combine(sysroot.Path, folder);
        using DirectoryHandle meant = sysroot.Root.OpenDirectory(folder);
        FileStatus wanted = meant.GetStatus();
        if (Path.IsPathRooted(path) && Directory.Exists(path))
        {
            using DirectoryHandle seen = DirectoryHandle.Open(path);
            FileStatus found = seen.GetStatus();
            if ((found.Device, found.Inode) == (wanted.Device, wanted.Inode))
            {
                return (path, "");
            }
        }

        if (wanted.Device >> 32 == 0)
        {
            throw new BoundImageException($"bound images cannot be fetched onto {sysroot.Path}: it is mounted nowhere, and its file system is not that of one device");
        }

        Directory.CreateDirectory(SysrootPlace);
        File.Delete(SysrootPlace + ".device");
        return (Path.Combine(SysrootPlace, folder), string.Create(CultureInfo.InvariantCulture, $"{wanted.Device >> 32} {(uint)wanted.Device}"));
    }

    private PodmanResult Execute((string Path, string Device) store, string[] arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-ec", Script, "sh", store.Path, store.Device, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        if (!start.Environment.ContainsKey("REGISTRY_AUTH_FILE"))
        {
            start.Environment["REGISTRY_AUTH_FILE"] = FindCredentials();
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None), error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using (cancellation.Register(() => process.Kill(entireProcessTree: true)))
        {
            process.StandardInput.Close();
            process.WaitForExit();
        }

        return new PodmanResult($"{Program} {string.Join(' ', arguments)}", process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    // The host's, and never those of whoever has called.
    private string FindCredentials()
    {
        if ((oci.AuthFile ?? CredentialFiles.Select(file => Path.Combine(oci.Root, file)).FirstOrDefault(File.Exists)) is { } file)
        {
            return file;
        }

        File.WriteAllText(NoCredentials, "{}");
        return NoCredentials;
    }
}
