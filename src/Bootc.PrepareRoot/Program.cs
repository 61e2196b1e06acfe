// The entry of bootc-prepare-root: makes the root of the deployment that the kernel was told to boot, or says why not.
using System.Runtime.Versioning;
using Bootc.Linux;
using Bootc.PrepareRoot;

[assembly: SupportedOSPlatform("linux")]

if (args.Length is < 1 or > 2)
{
    Console.Error.WriteLine("usage: bootc-prepare-root SYSROOT [KERNEL_COMMAND_LINE]");
    return 2;
}

try
{
    string commandLine = args.Length > 1 ? args[1] : File.ReadAllText("/proc/cmdline");
    using DirectoryHandle initramfs = DirectoryHandle.Open("/");
    PrepareRootConfig config = PrepareRootConfig.Load(initramfs, commandLine);
    new RootPreparation(args[0].TrimEnd('/'), initramfs, commandLine, config).Run();
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
