// What users are told at login when no update leads away from what the host runs.
using System.Text;
using Bootc.Linux;

namespace Bootc.Updates.Agent;

/// <summary>The file <c>/run/motd.d/85-bootc-dead-end.motd</c>, which pam_motd(8) shows.</summary>
/// <param name="root">The host's root.</param>
internal sealed class DeadEndNotice(string root)
{
    private const string Name = "85-bootc-dead-end.motd";
    private readonly string _folder = Path.Combine(root, "run/motd.d");
    private string? _shown = "";

    /// <summary>Shows a reason, or nothing where there is none.</summary>
    public void Set(string? reason)
    {
        if (reason == _shown)
        {
            return;
        }

        if (reason is null && Directory.Exists(_folder))
        {
            File.Delete(Path.Combine(_folder, Name));
        }
        else if (reason is not null)
        {
            Directory.CreateDirectory(_folder);
            using DirectoryHandle folder = DirectoryHandle.Open(_folder);
            folder.WriteAllBytesAtomically(Name, Encoding.UTF8.GetBytes($"This release is a dead end, no update leads away from it: {reason}\n"), sync: false);
        }

        _shown = reason;
    }
}
