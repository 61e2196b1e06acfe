// Where the container engine of this machine listens.
using Bootc.Linux;

namespace Bootc.Oci.Engine;

/// <summary>Finds the engine: as DOCKER_HOST or CONTAINER_HOST says, else at the sockets of Docker and podman.</summary>
internal static class EngineAddress
{
    private const string DockerSocket = "/run/docker.sock";
    private const string PodmanSocket = "/run/podman/podman.sock";

    /// <summary>The address of the engine: <c>unix:///path</c>, or one with the scheme tcp, http or https.</summary>
    /// <exception cref="EngineException">There is none, or it is of a kind that cannot be reached.</exception>
    public static Uri Find()
    {
        foreach (string variable in (string[])["DOCKER_HOST", "CONTAINER_HOST"])
        {
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value)
            {
                return Parse(value, variable);
            }
        }

        string[] sockets = [.. Candidates()];
        return sockets.FirstOrDefault(File.Exists) is { } socket
            ? new Uri("unix://" + socket)
            : throw new EngineException($"there is no container engine at {string.Join(", ", sockets)}: start Docker, or podman by 'systemctl start podman.socket', or set DOCKER_HOST");
    }

    private static Uri Parse(string value, string variable)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out Uri? address))
        {
            throw new EngineException($"{variable} is '{value}', which is no address such as unix:///run/docker.sock or tcp://127.0.0.1:2375");
        }

        return address.Scheme switch
        {
            "unix" or "tcp" or "http" or "https" => address,
            "ssh" => throw new EngineException($"{variable} is '{value}', and engines are not reached over SSH: forward the socket by 'ssh -L /run/engine.sock:/run/docker.sock HOST', and set {variable}=unix:///run/engine.sock"),
            _ => throw new EngineException($"{variable} is '{value}', and engines are reached by unix:, tcp:, http: and https: alone"),
        };
    }

    private static IEnumerable<string> Candidates()
    {
        yield return DockerSocket;
        yield return PodmanSocket;
        if (!CurrentProcess.IsRoot && Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime)
        {
            yield return Path.Combine(runtime, "docker.sock");
            yield return Path.Combine(runtime, "podman/podman.sock");
        }
    }
}
