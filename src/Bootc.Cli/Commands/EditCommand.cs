// bootc edit
using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Deployments.Status;
using Bootc.Oci;
using Bootc.Updates;
using Bootc.Updates.Documents;

namespace Bootc.Cli.Commands;

internal static class EditCommand
{
    private static readonly string[] Editors = ["sensible-editor", "editor", "nano", "vi"];

    public static Command Create()
    {
        var file = new Option<string?>("--filename", "-f") { Description = "Take the document from FILE (- for the standard input) instead of an editor", HelpName = "FILE" };
        var reboot = new RebootOptions("Reboot into what was changed when it is ready");
        var progress = new ProgressOptions();
        var command = new DocumentedCommand("edit", "Change what this host should be, as a document", file, reboot.Apply, reboot.Soft)
        {
            Details =
            [
                "The document is a BootcHost in YAML or JSON, as 'bootc status' prints it: of it, spec counts. Another image in spec.image is what 'bootc switch' does, another spec.bootOrder what 'bootc rollback' does.",
                "spec.kernelArguments, with lists present and absent, and spec.packages are what 'bootc kargs' and 'bootc package' do; what a document does not speak of stays as it is.",
                "Without --filename the document is opened in $VISUAL or $EDITOR.",
            ],
            Examples = [("bootc edit", "Edit the host's specification."), ("bootc edit -f host.yaml", "Make the host what a file says.")],
        };
        progress.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using Sysroot sysroot = OpenSysroot.ForWriting(parsed, "edit");
            reboot.Check(parsed, sysroot);
            Reboot.RefuseWhileUpdateWaits(sysroot, parsed.GetValue(reboot.Apply));
            (string text, string source) = parsed.GetValue(file) switch
            {
                null => (Edit(sysroot), "the edited document"),
                "-" => (Console.In.ReadToEnd(), "the standard input"),
                { } path => (File.ReadAllText(path), path),
            };
            HostDocument wish = HostDocument.Parse(text, source);
            OperationOutcome outcome = await progress.CreateView(parsed).RunAsync(view => new EditOperation(sysroot, new OciOptions(), view).RunAsync(wish, cancellation));
            return reboot.Carry(parsed, sysroot, outcome);
        });
        return command;
    }

    private static string Edit(Sysroot sysroot)
    {
        string path = Path.Combine(Path.GetTempPath(), $"bootc-edit-{Guid.NewGuid():N}.yaml");
        try
        {
            var yaml = new StringWriter();
            yaml.WriteLine("# What this host should be; the lines from 'status:' on say what it is, and count for nothing.");
            YamlWriter.Write(HostStatusBuilder.Build(sysroot).ToJson(), yaml);
            File.WriteAllText(path, yaml.ToString());
            Run(FindEditor(), path);
            return File.ReadAllText(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    // As a shell has it, the variable may have arguments.
    private static string FindEditor() =>
        Environment.GetEnvironmentVariable("VISUAL") is { Length: > 0 } visual ? visual
        : Environment.GetEnvironmentVariable("EDITOR") is { Length: > 0 } editor ? editor
        : Editors.FirstOrDefault(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name))))
            ?? throw new UpdatesException("there is no editor: set EDITOR, or give the document with --filename");

    private static void Run(string editor, string path)
    {
        try
        {
            using Process process = Process.Start("sh", ["-c", $"{editor} \"$1\"", "sh", path]);
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new UpdatesException($"the editor '{editor}' exited with {process.ExitCode}; nothing was changed");
            }
        }
        catch (Win32Exception e)
        {
            throw new UpdatesException($"the editor '{editor}' cannot be run; nothing was changed", e);
        }
    }
}
