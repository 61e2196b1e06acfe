// The UEFI firmware for virtual machines, where distributions have it.
namespace Bootc.E2E.Tests;

internal static class UefiFirmware
{
    private static readonly (string Code, string Variables)[] Places =
    [
        ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ];

    /// <summary>The firmware itself.</summary>
    public static string Code => Find().Code;

    /// <summary>Skips the test where there is none.</summary>
    public static void Require() => Assert.SkipUnless(Places.Any(place => File.Exists(place.Code)), "there is no UEFI firmware for virtual machines (package ovmf)");

    /// <summary>Makes a machine's own copy of the variables.</summary>
    public static void CopyVariables(string path) => File.Copy(Find().Variables, path, overwrite: true);

    private static (string Code, string Variables) Find() => Places.First(place => File.Exists(place.Code));
}
