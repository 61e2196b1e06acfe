// A directory on HTTP, by a server that is somebody else's.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

/// <summary>Python's own server, which answers conditional requests.</summary>
internal sealed class FileServer : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    public FileServer(string directory)
    {
        Peer.Require("python3");
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        Address = $"http://127.0.0.1:{port}";
        _process = Process.Start(new ProcessStartInfo("python3", ["-u", "-m", "http.server", "--protocol", "HTTP/1.1", "--bind", "127.0.0.1", "--directory", directory, port.ToString()]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
        SpinWait.SpinUntil(() => Answers(port), TimeSpan.FromSeconds(20));
    }

    /// <summary>Its address.</summary>
    public string Address { get; }

    /// <summary>What it was asked.</summary>
    public string Log
    {
        get
        {
            Thread.Sleep(100); // the line comes after the answer
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static bool Answers(int port)
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            Thread.Sleep(50);
            return false;
        }
    }
}
