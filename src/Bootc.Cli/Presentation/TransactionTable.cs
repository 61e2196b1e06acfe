// What is done with packages, as a table.
using Bootc.Layering;

namespace Bootc.Cli.Presentation;

internal static class TransactionTable
{
    public static void Write(PackageTransaction transaction, TextWriter output)
    {
        if (transaction.Changes.Count == 0)
        {
            output.WriteLine("No package is added, changed or removed.");
            return;
        }

        string[] header = ["PACKAGE", "CHANGE", "BEFORE", "AFTER", "SIZE"];
        string[][] rows = [.. transaction.Changes.Select(change => (string[])
        [
            change.Name,
            change.Action switch { PackageAction.Install => "added", PackageAction.Remove => "removed", _ => "changed" },
            change.Before ?? "-",
            change.After ?? "-",
            change.Size is { } size ? Bytes.Format(size) : "-",
        ])];
        int[] widths = [.. header.Select((name, column) => Math.Max(name.Length, rows.Max(row => row[column].Length)))];
        foreach (string[] row in rows.Prepend(header))
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
