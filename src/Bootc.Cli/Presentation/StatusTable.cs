// A host's state as a table that one can read at a glance.
using System.Globalization;
using Bootc.Deployments.Status;

namespace Bootc.Cli.Presentation;

internal static class StatusTable
{
    public static void Write(Host host, TextWriter output, bool verbose, string? deadEnd = null)
    {
        HostStatus status = host.Status;
        List<(string State, BootEntryStatus Entry)> rows = [.. Rows(status)];
        if (rows.Count == 0)
        {
            output.WriteLine("Nothing is deployed yet; 'bootc switch IMAGE' deploys an image.");
            return;
        }

        output.WriteLine(host.Spec.Image is { } image ? $"Image: {Show(image)}" : "Image: none; 'bootc switch IMAGE' chooses one");
        if (status.RollbackQueued)
        {
            output.WriteLine("Next boot: rollback");
        }

        if (deadEnd is not null)
        {
            output.WriteLine($"Dead end: {deadEnd}");
        }

        if (status.FinalizationFailure is { } failure)
        {
            output.WriteLine($"The last update did not get ready to boot: {failure}; 'bootc upgrade' tries again");
        }

        foreach ((string digest, string reason) in status.FailedBoots ?? [])
        {
            output.WriteLine($"Did not boot well: {Bytes.Short(digest)} ({reason}); 'bootc upgrade --force' tries it again");
        }

        if (Describe(status.Integrity) is { } integrity)
        {
            output.WriteLine($"Store: {integrity}");
        }

        output.WriteLine();
        WriteTable(host, rows, output);
        foreach ((string state, BootEntryStatus entry) in rows)
        {
            WritePackages(state, entry, output);
            if (entry.CachedUpdate is { } update)
            {
                output.WriteLine($"\nUpdate available for the {state} deployment: {(update.Version is { } version ? $"version {version}, " : "")}{Bytes.Short(update.ImageDigest)}; 'bootc upgrade' fetches it");
            }
        }

        if (verbose)
        {
            WriteDetails(rows, output);
        }
    }

    private static void WritePackages(string state, BootEntryStatus entry, TextWriter output)
    {
        WriteLive(entry, output);
        if (entry.Packages.IsEmpty && entry.Initramfs.IsEmpty)
        {
            return;
        }

        output.WriteLine($"\nPackages of the {state} deployment besides its image");
        Write("added", entry.Packages.Requested.Except(entry.InactivePackages));
        Write("from files", entry.Packages.Local.Select(package => package.Identity));
        Write("replaced", entry.Packages.Replaced.Select(package => package.Identity));
        Write("removed", entry.Packages.Removed.Except(entry.InactivePackages));
        Write("inactive", entry.InactivePackages);
        Write("initramfs", entry.Initramfs.Regenerate ? [string.Join(' ', entry.Initramfs.Arguments.Prepend("made on the host"))] : []);
        Write("in the initramfs", entry.Initramfs.Files);

        void Write(string what, IEnumerable<string> packages)
        {
            string text = string.Join(", ", packages);
            if (text.Length > 0)
            {
                output.WriteLine($"  {what}: {text}");
            }
        }
    }

    private static void WriteLive(BootEntryStatus entry, TextWriter output)
    {
        if (entry.Live is { } live)
        {
            output.WriteLine($"\nThe running system has more than what was booted: commit {live.Commit.ToString()[..12]}{(live.Transient.Count > 0 ? $", until the next boot {string.Join(", ", live.Transient)}" : "")}");
        }
    }

    private static string? Describe(string? integrity) => integrity switch
    {
        "sealed" => "sealed, the kernel checks each file as it is read",
        "sealing" => "being sealed; the next boot asks the kernel to check each file as it is read",
        "unsealed" => "not sealed yet, only images are checked; bootc-seal.service or 'bootc internals seal' seals it",
        _ => null,
    };

    private static IEnumerable<(string State, BootEntryStatus Entry)> Rows(HostStatus status)
    {
        bool isRunning = status.Booted is not null;
        if (status.Staged is { } staged)
        {
            yield return (staged.DownloadOnly ? "downloaded" : "staged", staged);
        }

        if (status.Booted is { } booted)
        {
            yield return ("booted", booted);
        }

        BootEntryStatus[] others = status.OtherDeployments ?? [];
        if (!isRunning && others.Length > 0)
        {
            yield return ("default", others[0]);
            others = others[1..];
        }

        if (status.Rollback is { } rollback)
        {
            yield return ("rollback", rollback);
        }

        foreach (BootEntryStatus other in others)
        {
            yield return ("other", other);
        }
    }

    // Which image a deployment is of is worth a column when it is not the one that is followed.
    private static void WriteTable(Host host, List<(string State, BootEntryStatus Entry)> rows, TextWriter output)
    {
        bool isOneImage = host.Spec.Image is { } followed && rows.All(row => row.Entry.Image is { } image && Show(image.Image) == Show(followed));
        string[] header = ["", "STATE", "VERSION", "DIGEST", "BUILT", "IMAGE"];
        int columns = isOneImage ? header.Length - 1 : header.Length;
        WriteTable(header[..columns], [.. rows.Select(row => Describe(row.State, row.Entry)[..columns])], output);
    }

    private static string Show(ImageReferenceStatus image) => image.Transport == "registry" ? image.Image : $"{image.Transport}:{image.Image}";

    private static string[] Describe(string state, BootEntryStatus entry) =>
    [
        state is "booted" or "default" ? "●" : "",
        state + (entry.Pinned ? ", pinned" : ""),
        entry.Image?.Version ?? "-",
        entry.Image is { } image ? Bytes.Short(image.ImageDigest) : "-",
        entry.Image?.Timestamp?.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "-",
        entry.Image is { } source ? Show(source.Image) : $"ostree commit {entry.Ostree?.Checksum[..12]}",
    ];

    private static void WriteTable(string[] header, string[][] rows, TextWriter output)
    {
        int[] widths = [.. header.Select((name, column) => rows.Max(row => row[column].Length) is var widest && widest > name.Length ? widest : name.Length)];
        foreach (string[] row in rows.Prepend(header))
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    private static IEnumerable<string> Describe(VerificationStatus? verification) => verification switch
    {
        null => ["not verified"],
        _ => verification.Signatures.Select(signature =>
            $"by {signature.Signer}{(signature.Reference is { } name ? $" as {name}" : "")}{(signature.Logged is { } time ? $", logged {time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}" : "")}"),
    };

    private static void WriteDetails(List<(string State, BootEntryStatus Entry)> rows, TextWriter output)
    {
        foreach ((string state, BootEntryStatus entry) in rows)
        {
            output.WriteLine();
            output.WriteLine(state);
            output.WriteLine($"  image:      {(entry.Image is { } image ? Show(image.Image) : "-")}");
            output.WriteLine($"  digest:     {entry.Image?.ImageDigest ?? "-"}");
            output.WriteLine($"  platform:   {entry.Image?.Architecture ?? "-"}");
            foreach (string line in Describe(entry.Image?.Verification))
            {
                output.WriteLine($"  signed:     {line}");
            }

            output.WriteLine($"  stateroot:  {entry.Ostree?.Stateroot}");
            output.WriteLine($"  deployment: {entry.Ostree?.Checksum}.{entry.Ostree?.DeploySerial}");
        }
    }
}
