// A virtual machine: its console is logged, commands run in it, and it is gone when the test ends, however that ends.
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

/// <summary>
/// A machine in QEMU (emulated, so that it runs anywhere). Its first serial port is the console, which is logged to a file;
/// on the second one the guest's systemd has a root shell, by <see cref="ConsoleArguments"/>. The guest reaches the host as
/// <see cref="HostAddress"/>.
/// </summary>
/// <example>
/// <code>
/// using Guest guest = Guest.Start(new GuestOptions { Disks = ["disk.raw"], ConsoleLog = "console.log" });
/// guest.WaitUntilBooted();
/// string version = guest.Run("cat /usr/lib/os-release").Succeeded();
/// </code>
/// </example>
public sealed class Guest : IDisposable
{
    /// <summary>The host as the guest sees it.</summary>
    public const string HostAddress = "10.0.2.2";

    /// <summary>The kernel arguments that give the console its log and the shell its port.</summary>
    public const string ConsoleArguments = "console=ttyS0,115200 systemd.debug_shell=ttyS1 systemd.show_status=1 systemd.log_color=0 mitigations=off panic=-1 " + Sparing;

    // What a guest can do without: an emulated processor takes a quarter of each boot for it.
    private const string Sparing = "audit=0 lsm=landlock,lockdown,yama init_on_alloc=0 randomize_kstack_offset=off nokaslr cryptomgr.notests SYSTEMD_SECCOMP=0 systemd.ssh_auto=no "
        + "rd.driver.pre=virtio_blk,ext4 " // what holds the root comes before all other devices
        + "module_blacklist=kvm_amd,kvm,btrfs,raid6_pq,xor,iTCO_wdt,psmouse,pcspkr,rfkill,cfg80211,vmw_vsock_vmci_transport,vsock,parport_pc,floppy,button,joydev "
        + "systemd.mask=ssh.service systemd.mask=e2scrub_reap.service systemd.mask=systemd-binfmt.service systemd.mask=proc-sys-fs-binfmt_misc.automount "
        + "systemd.mask=modprobe@drm.service systemd.mask=modprobe@configfs.service systemd.mask=modprobe@fuse.service systemd.mask=systemd-journal-catalog-update.service "
        + "systemd.mask=systemd-networkd-persistent-storage.service systemd.mask=getty@tty1.service "
        + "systemd.mask=dracut-shutdown.service systemd.mask=systemd-resolved.service systemd.mask=modprobe@efi_pstore.service systemd.mask=dev-hugepages.mount "
        + "systemd.mask=dev-mqueue.mount systemd.mask=sys-kernel-debug.mount systemd.mask=sys-kernel-tracing.mount systemd.mask=systemd-random-seed.service "
        + "systemd.mask=systemd-network-generator.service systemd.mask=systemd-udev-load-credentials.service systemd.getty_auto=no "
        + "tsc=reliable"; // the time is read in user space then, not from a device

    // Without what makes each access to memory dearer to emulate.
    private const string Processor = "max,la57=off,smap=off,smep=off,umip=off";

    private const int LastLines = 60;
    private static readonly string[] EndsOfBoots = ["reboot: Restarting system", "Kernel panic - not syncing", "BdsDxe: loading"];
    private static readonly string Qemu = Environment.GetEnvironmentVariable("BOOTC_QEMU") is { Length: > 0 } program ? program : "qemu-system-x86_64";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ProbePause = TimeSpan.FromSeconds(2); // a guest that is asked all the time gets nowhere

    private readonly GuestOptions _options;
    private Process _process;
    private Socket _shell;
    private bool _isEnding;
    private readonly string _socketPath;
    private readonly StringBuilder _received = new();
    private readonly Stopwatch _sinceProbe = new();
    private int _commands;
    private int _restarts;

    private Guest(GuestOptions options, Process process, string socketPath)
    {
        _options = options;
        _process = process;
        _socketPath = socketPath;
        _shell = MakeSocket();
    }

    /// <summary>What the console printed so far.</summary>
    public string Console => File.Exists(_options.ConsoleLog) ? Encoding.UTF8.GetString(ReadShared(_options.ConsoleLog)) : "";

    /// <summary>Skips the test where there is no QEMU.</summary>
    public static void Require()
    {
        Peer.Require(Qemu);
        Peer.RequireRoot("disks of virtual machines hold files of other owners");
    }

    /// <summary>Starts a machine.</summary>
    public static Guest Start(GuestOptions options)
    {
        Require();
        File.Delete(options.ConsoleLog);
        File.Delete(Steps(options));
        string socketPath = Path.Combine(Path.GetTempPath(), $"guest-{Guid.NewGuid():N}.sock");
        var guest = new Guest(options, Launch(options, socketPath), socketPath);
        try
        {
            guest.Connect();
            return guest;
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }

    /// <summary>Waits until the guest's systemd has started all it wants, and returns its state: <c>running</c>, <c>degraded</c>.</summary>
    public string WaitUntilBooted(TimeSpan? timeout = null)
    {
        WaitForShell(timeout ?? TimeSpan.FromMinutes(15));
        return Run("systemctl is-system-running --wait", timeout ?? TimeSpan.FromMinutes(15)).Output.Trim();
    }

    /// <summary>Waits until the guest has a way to the host.</summary>
    public void WaitForNetwork() => Run("for i in $(seq 120); do if ip route | grep -q ^default; then exit 0; fi; sleep 0.5; done; exit 1", TimeSpan.FromMinutes(3)).Succeeded();

    /// <summary>Waits until the console printed a text.</summary>
    /// <exception cref="InvalidOperationException">The time is over, or the guest ended; the message has the console's last lines.</exception>
    public void WaitForConsole(string text, TimeSpan timeout) =>
        WaitFor(() => Console.Contains(text, StringComparison.Ordinal), $"the console prints '{text}'", timeout);

    /// <summary>Waits until a command succeeds in the guest, which may be restarting.</summary>
    public void WaitUntil(string command, string what, TimeSpan timeout) => WaitFor(() => TryRun(command) is not null, what, timeout);

    /// <summary>Waits until the guest powered itself off.</summary>
    public void WaitForExit(TimeSpan timeout)
    {
        if (!_process.WaitForExit(timeout))
        {
            throw Failure($"the guest did not power off within {timeout.TotalSeconds} s");
        }
    }

    /// <summary>Runs a command of the shell in the guest, output and errors together.</summary>
    public CommandResult Run(string command, TimeSpan? timeout = null)
    {
        int number = ++_commands;
        var clock = Stopwatch.StartNew();
        string begin = $"@begin-{number}@", end = $"@end-{number}-";
        int position = Received().Length;
        // The terminal's echo of this line does not have the number where the output has it. Programs shall write to a pipe as
        // in a script, not in a terminal's width.
        Send($"printf '\\n@begin-%d@\\n' {number}; {{ {command}\n}} 2>&1 < /dev/null | cat; printf '\\n@end-%d-%d@\\n' {number} ${{PIPESTATUS[0]}}\n");
        string output = "";
        WaitFor(() => (output = Received()[position..]).LastIndexOf(end, StringComparison.Ordinal) is >= 0 and int at && output.IndexOf('@', at + end.Length) > 0, $"'{command}' ends", timeout ?? TimeSpan.FromMinutes(2));
        File.AppendAllText(Steps(_options), $"{clock.Elapsed.TotalSeconds,6:F1} s {_process.TotalProcessorTime.TotalSeconds,6:F1} {command}\n");
        int from = output.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        int to = output.LastIndexOf(end, StringComparison.Ordinal);
        int status = int.Parse(output[(to + end.Length)..output.IndexOf('@', to + end.Length)], CultureInfo.InvariantCulture);
        return new CommandResult(command, status, output[from..to].Replace("\r", "", StringComparison.Ordinal).Trim('\n'), "");
    }

    /// <summary>
    /// Begins a command that ends the guest, or its shell. It has left the terminal when this returns: a line that waits there, or a
    /// command that runs there, is lost when the shell of a slow guest is asked for an answer and given up.
    /// </summary>
    public void Begin(string command) => Run($"setsid -f sh -c 'sleep 1; exec {command}' < /dev/null > /dev/null 2>&1").Succeeded();

    /// <summary>Begins a command and returns as soon as a condition holds while it runs, which it must at some time.</summary>
    /// <param name="command">The command, whose output nobody sees.</param>
    /// <param name="condition">A command that succeeds when it holds.</param>
    /// <param name="before">What the condition needs from before: assignments of the shell.</param>
    public void RunUntil(string command, string condition, string before = ":") =>
        Run($"{before}; ({command} > /dev/null 2>&1 &); for i in $(seq 6000); do if {condition}; then exit 0; fi; sleep 0.02; done; exit 1", TimeSpan.FromMinutes(10)).Succeeded();

    /// <summary>Restarts the guest through its systemd and waits until it is up again.</summary>
    public string Reboot(TimeSpan? timeout = null)
    {
        RebootUntil("true", "the guest boots again", timeout ?? TimeSpan.FromMinutes(8));
        return WaitUntilBooted(timeout);
    }

    /// <summary>Has the guest restart and waits until a command succeeds in it again, however many boots that takes.</summary>
    public void RebootUntil(string command, string what, TimeSpan timeout)
    {
        int before = _restarts;
        Begin("systemctl reboot");
        WaitFor(() => _restarts > before && TryRun(command) is not null, what, timeout);
    }

    /// <summary>Powers the guest off as its power button would, units stopped in order.</summary>
    public void PowerOff(TimeSpan? timeout = null)
    {
        _isEnding = true;
        Begin("systemctl poweroff");
        WaitForExit(timeout ?? TimeSpan.FromMinutes(4));
    }

    /// <summary>Ends the guest at once, as a power cut does.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Kill();
        _process.Dispose();
        _shell.Dispose();
        File.Delete(_socketPath);
    }

    /// <summary>An exception for a test that found something wrong, with the console's last lines.</summary>
    public InvalidOperationException Failure(string what) =>
        new($"{what}; the console's last lines ({_options.ConsoleLog}):\n{string.Join('\n', Console.Split('\n').TakeLast(LastLines))}");

    private static string Steps(GuestOptions options) => Path.ChangeExtension(options.ConsoleLog, ".steps");

    private static Socket MakeSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static Process Launch(GuestOptions options, string socketPath) =>
        Process.Start(new ProcessStartInfo(Qemu, Arguments(options, socketPath)) { RedirectStandardError = true, RedirectStandardInput = true, RedirectStandardOutput = true })!;

    // A restart is a machine of its own: emulated firmware does not always survive a reset.
    private void Relaunch()
    {
        _process.Dispose();
        _shell.Dispose();
        File.Delete(_socketPath);
        _process = Launch(_options, _socketPath);
        _shell = MakeSocket();
        _sinceProbe.Reset();
        _restarts++;
        Connect();
    }

    // One processor: with several, the emulator now and then trips over code that a kernel changes while another one runs it.
    private static string[] Arguments(GuestOptions options, string socketPath)
    {
        List<string> arguments =
        [
            "-machine", "q35,sata=off,smbus=off,i8042=off,vmport=off,hpet=off", "-accel", "tcg", "-cpu", Processor, "-smp", "1", "-m", options.Memory.ToString(CultureInfo.InvariantCulture), "-display", "none", "-nodefaults",
            "-no-reboot", "-chardev", $"file,id=console,path={options.ConsoleLog},append=on", "-serial", "chardev:console", "-serial", $"unix:{socketPath},server=on,wait=off",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci",
        ];
        foreach (string disk in options.Disks)
        {
            arguments.AddRange(["-drive", $"file={disk},format=raw,if=virtio,cache=unsafe"]);
        }

        if (options.Kernel is { } kernel)
        {
            arguments.AddRange(["-kernel", kernel, "-initrd", options.Initramfs ?? "", "-append", options.KernelArguments ?? ""]);
        }

        if (options.UefiVariables is { } variables)
        {
            arguments.AddRange(["-drive", $"if=pflash,format=raw,readonly=on,file={UefiFirmware.Code}", "-drive", $"if=pflash,format=raw,file={variables}"]);
        }

        return [.. arguments, .. options.Extra];
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var content = new MemoryStream();
        file.CopyTo(content);
        return content.ToArray();
    }

    private void Connect()
    {
        WaitFor(() => File.Exists(_socketPath), "QEMU makes its socket", TimeSpan.FromSeconds(30));
        _shell.Connect(new UnixDomainSocketEndPoint(_socketPath));
        Socket shell = _shell;
        new Thread(() => Receive(shell)) { IsBackground = true }.Start();
    }

    private void Receive(Socket shell)
    {
        byte[] buffer = new byte[4096];
        try
        {
            for (int count; (count = shell.Receive(buffer)) > 0;)
            {
                lock (_received)
                {
                    _received.Append(Encoding.UTF8.GetString(buffer, 0, count));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The guest has ended.
        }
    }

    private string Received()
    {
        lock (_received)
        {
            return _received.ToString();
        }
    }

    /// <summary>Types into the shell, without waiting for anything.</summary>
    private void Send(string text) => _shell.Send(Encoding.UTF8.GetBytes(text));

    private void WaitForShell(TimeSpan timeout) => WaitFor(() => TryRun("true") is not null, "the guest has a shell", timeout);

    // What is sent earlier would be typed into the firmware's or the boot loader's menu.
    private bool HasShell()
    {
        string console = Console;
        int shell = console.LastIndexOf("Started debug-shell", StringComparison.Ordinal);
        return shell >= 0 && EndsOfBoots.All(end => console.LastIndexOf(end, StringComparison.Ordinal) < shell);
    }

    private string? TryRun(string command)
    {
        if ((_sinceProbe.IsRunning && _sinceProbe.Elapsed < ProbePause) || !HasShell())
        {
            return null;
        }

        try
        {
            if (Run(command, ProbeTimeout) is { ExitCode: 0 } result)
            {
                _sinceProbe.Reset();
                return result.Output;
            }

            _sinceProbe.Restart();
            return null;
        }
        catch (TimeoutException)
        {
            Interrupt();
            _sinceProbe.Restart();
            return null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    // A shell that began with half a line would wait for its end for ever.
    private void Interrupt()
    {
        try
        {
            _shell.Send("\u0003\n"u8);
        }
        catch (SocketException)
        {
            // The guest has ended.
        }
    }

    private void WaitFor(Func<bool> condition, string what, TimeSpan timeout)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (_process.HasExited && _process.ExitCode == 0 && !_isEnding)
            {
                Relaunch();
            }
            else if (_process.HasExited)
            {
                throw Failure($"QEMU ended with {_process.ExitCode} before {what}: {_process.StandardError.ReadToEnd()}");
            }

            if (clock.Elapsed > timeout)
            {
                throw new TimeoutException(Failure($"{timeout.TotalSeconds} s are over before {what}").Message);
            }

            Thread.Sleep(Poll);
        }
    }
}
