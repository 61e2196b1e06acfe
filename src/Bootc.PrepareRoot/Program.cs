// The entry of bootc-prepare-root: makes the root of the deployment that the kernel was told to boot, or says why not.
using System.Runtime.Versioning;
using Bootc.Linux;
using Bootc.PrepareRoot;

[assembly: SupportedOSPlatform("linux")]

const string SoftRebootOption = "--soft-reboot";
string? softRebootTarget = args is [SoftRebootOption, _, var path] ? path : null;
if (softRebootTarget is null && (args.Length is < 1 or > 2 || args[0].StartsWith('-')))
{
    Console.Error.WriteLine($"usage: bootc-prepare-root SYSROOT [KERNEL_COMMAND_LINE]\n       bootc-prepare-root {SoftRebootOption} SYSROOT DEPLOYMENT");
    return 2;
}

try
{
    string commandLine = softRebootTarget is null && args.Length > 1 ? args[1] : File.ReadAllText("/proc/cmdline");
    using DirectoryHandle running = DirectoryHandle.Open("/");
    PrepareRootConfig config = PrepareRootConfig.Load(running, commandLine);
    if (softRebootTarget is null)
    {
        new RootPreparation(args[0].TrimEnd('/'), running, config).Run(commandLine);
    }
    else
    {
        new RootPreparation(args[1].TrimEnd('/'), running, config).RunForSoftReboot(softRebootTarget);
    }

    return 0;
}
catch (Exception e)
{
    for (Exception? cause = e; cause is not null; cause = cause.InnerException)
    {
        Console.Error.WriteLine($"{(cause == e ? "error" : "caused by")}: {cause.Message}");
    }

    Console.Error.WriteLine("bootc-prepare-root: the deployment is not booted");
    return 1;
}
