// Runs the programs of an image apart from the host: bubblewrap gives them a root, and takes from them all else.
using System.ComponentModel;
using System.Diagnostics;

namespace Bootc.Layering;

/// <summary>
/// A root in which programs of an image run: namespaces of their own, <c>/usr/etc</c> as <c>/etc</c>, nothing of the host but
/// what is shown to them, no devices, and of root's capabilities only those that installing files takes. Mounting, loading
/// modules and making device nodes are not among them.
/// </summary>
internal sealed class Sandbox
{
    private const string Program = "bwrap";
    private const string DefaultPath = "/usr/sbin:/usr/bin:/sbin:/bin";

    // Not CAP_DAC_READ_SEARCH, which opens any file of a file system by its handle, also outside what is shown of it.
    private static readonly string[] Capabilities =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETPCAP", "CAP_SETFCAP", "CAP_SYS_CHROOT", "CAP_NET_BIND_SERVICE",
    ];

    private static readonly string[] ProxyVariables = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

    private readonly List<string> _mounts = [];
    private readonly Dictionary<string, string> _environment = new()
    {
        ["PATH"] = DefaultPath,
        ["HOME"] = "/root",
        ["LC_ALL"] = "C.UTF-8",
        ["SYSTEMD_OFFLINE"] = "1",
    };

    private bool _hasNetwork;

    private Sandbox()
    {
    }

    /// <summary>A sandbox whose root can be written to.</summary>
    /// <param name="root">The root's path.</param>
    /// <param name="var">What is <c>/var</c>.</param>
    public static Sandbox Over(string root, string var)
    {
        var sandbox = new Sandbox();
        sandbox._mounts.AddRange("--bind", root, "/", "--bind", $"{root}/usr/etc", "/etc", "--bind", var, "/var");
        sandbox.MountCommon();
        return sandbox;
    }

    /// <summary>A sandbox in which nothing can be changed.</summary>
    public static Sandbox ReadOnly(string root)
    {
        var sandbox = new Sandbox();
        sandbox._mounts.AddRange("--ro-bind", root, "/", "--tmpfs", "/var");
        sandbox.MountCommon();
        return sandbox;
    }

    /// <summary>A copy that can be changed on its own.</summary>
    public Sandbox Copy()
    {
        var copy = new Sandbox { _hasNetwork = _hasNetwork };
        copy._mounts.AddRange(_mounts);
        foreach ((string key, string value) in _environment)
        {
            copy._environment[key] = value;
        }

        return copy;
    }

    /// <summary>Shows a file or directory of the host, which cannot be changed there.</summary>
    public Sandbox Show(string path, string at)
    {
        _mounts.AddRange("--ro-bind", path, at);
        return this;
    }

    /// <summary>Lends a directory of the host to be changed.</summary>
    public Sandbox Lend(string path, string at)
    {
        _mounts.AddRange("--bind", path, at);
        return this;
    }

    /// <summary>Sets a variable of the environment.</summary>
    public Sandbox Set(string variable, string value)
    {
        _environment[variable] = value;
        return this;
    }

    /// <summary>Lets programs reach the network, through the host's proxies.</summary>
    public Sandbox WithNetwork()
    {
        _hasNetwork = true;
        foreach (string name in ProxyVariables)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                _environment[name] = value;
            }
        }

        return this;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="LayeringException">bubblewrap is missing.</exception>
    public SandboxResult Run(IEnumerable<string> command, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Program, [.. Arguments(), .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        SetEnvironment(start);
        try
        {
            using Process process = Process.Start(start)!;
            return Wait(process, cancellation);
        }
        catch (Win32Exception e)
        {
            throw new LayeringException($"packages are installed in a sandbox, and {Program} (package bubblewrap) cannot be run: {e.Message}", e);
        }
    }

    // bubblewrap passes its environment on. Its command line would be for all users to see, and a proxy may have a password.
    private void SetEnvironment(ProcessStartInfo start)
    {
        start.Environment.Clear();
        foreach ((string variable, string value) in _environment)
        {
            start.Environment[variable] = value;
        }
    }

    private static SandboxResult Wait(Process process, CancellationToken cancellation)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using (cancellation.Register(() => process.Kill(entireProcessTree: true)))
        {
            process.StandardInput.Close();
            process.WaitForExit();
        }

        cancellation.ThrowIfCancellationRequested();
        return new SandboxResult(process.ExitCode, output.Result, error.Result);
    }

    private IEnumerable<string> Arguments()
    {
        string[] network = _hasNetwork ? [] : ["--unshare-net"];
        return
        [
            "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            "--hostname", "sandbox", "--cap-drop", "ALL",
            .. network,
            .. Capabilities.SelectMany(capability => (string[])["--cap-add", capability]),
            .. _mounts,
            "--chdir", "/", "--",
        ];
    }

    // /sysroot is where the host would be. Root may write to settings of the kernel without any capability.
    private void MountCommon() => _mounts.AddRange(
        "--tmpfs", "/run", "--perms", "1777", "--tmpfs", "/tmp",
        "--dev", "/dev", "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--ro-bind-try", "/proc/sysrq-trigger", "/proc/sysrq-trigger",
        "--ro-bind-try", "/proc/irq", "/proc/irq", "--ro-bind-try", "/proc/bus", "/proc/bus", "--ro-bind", "/sys", "/sys", "--tmpfs", "/sysroot", "--remount-ro", "/sysroot");
}
