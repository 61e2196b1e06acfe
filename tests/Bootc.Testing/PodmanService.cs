// A container engine of its own for one test: podman of the oracle tree, with a store in the test's directory.
using System.Diagnostics;
using System.Net.Sockets;

namespace Bootc.Testing;

/// <summary>podman's service, which speaks Docker's API. Skips the test where there is no podman.</summary>
public sealed class PodmanService : IDisposable
{
    private readonly string[] _store;
    private readonly Process _process;

    /// <param name="directory">Where its store and its socket go; below /tmp, which the oracle tree shares.</param>
    public PodmanService(TestDirectory directory)
    {
        Oracle.Require("podman");
        _store = ["--root", directory["podman/store"], "--runroot", directory["podman/run"], "--storage-driver", "vfs"];
        string socket = directory["podman/engine.sock"];
        Directory.CreateDirectory(Path.GetDirectoryName(socket)!);
        Address = $"unix://{socket}";
        string[] command = Oracle.CommandLine("podman", [.. _store, "system", "service", "--time=0", Address]);
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true, Environment = { ["BUILDAH_ISOLATION"] = "chroot", ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" } })!;
        _ = _process.StandardError.ReadToEndAsync();
        WaitUntilItAnswers(socket);
    }

    /// <summary>The value of DOCKER_HOST.</summary>
    public string Address { get; }

    /// <summary>Runs podman on the store of the service.</summary>
    public CommandResult Run(params string[] arguments) => Oracle.Run("podman", [.. _store, .. arguments]);

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void WaitUntilItAnswers(string socket)
    {
        for (int i = 0; i < 300; i++)
        {
            try
            {
                using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                probe.Connect(new UnixDomainSocketEndPoint(socket));
                return;
            }
            catch (SocketException) when (!_process.HasExited)
            {
                Thread.Sleep(50);
            }
        }

        throw new InvalidOperationException("podman's service does not answer");
    }
}
