// Servers of other programs on loopback.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Bootc.Testing;

/// <summary>Ports for servers that cannot choose their own, and the wait until they listen.</summary>
internal static class Loopback
{
    /// <summary>A port that nobody listens on just now.</summary>
    public static int FreePort()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }

    /// <summary>Waits until a program listens on a port; fails when it ends before.</summary>
    public static void WaitUntilListening(int port, Process process, string name)
    {
        for (int i = 0; i < 200; i++)
        {
            try
            {
                using var client = new TcpClient();
                client.Connect(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (!process.HasExited)
            {
                Thread.Sleep(50);
            }
        }

        throw new InvalidOperationException($"{name} does not answer");
    }
}
