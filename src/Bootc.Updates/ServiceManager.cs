// What this program tells the service manager that started it: sd_notify(3).
using System.Net.Sockets;
using System.Text;

namespace Bootc.Updates;

/// <summary>Tells systemd how a service is; says nothing where none listens.</summary>
public static class ServiceManager
{
    /// <summary>The service is ready.</summary>
    /// <param name="status">What it does, in one line.</param>
    public static void NotifyReady(string status) => Notify($"READY=1\nSTATUS={OneLine(status)}");

    /// <summary>What the service does now, in one line.</summary>
    public static void NotifyStatus(string status) => Notify($"STATUS={OneLine(status)}");

    /// <summary>The service is about to end.</summary>
    public static void NotifyStopping() => Notify("STOPPING=1");

    private static void Notify(string message)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } path)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(path[0] == '@' ? $"\0{path[1..]}" : path));
        }
        catch (SocketException)
        {
            // The service does its work whether systemd hears of it or not.
        }
    }

    private static string OneLine(string text) => text.Replace('\n', ' ');
}
