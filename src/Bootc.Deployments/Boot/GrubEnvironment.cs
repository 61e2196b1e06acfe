// GRUB's environment block: what it remembers between two boots.
using System.Text;

namespace Bootc.Deployments.Boot;

/// <summary>
/// The file <c>grubenv</c>: lines NAME=VALUE after a signature, filled up with number signs to 1024 bytes, which GRUB changes
/// in place (GRUB manual, "Environment block").
/// </summary>
internal sealed class GrubEnvironment
{
    private const int Size = 1024;
    private const string Signature = "# GRUB Environment Block\n";
    private readonly List<KeyValuePair<string, string>> _variables = [];

    /// <summary>Reads a block; one that is missing or malformed counts as empty, as it does for GRUB.</summary>
    public static GrubEnvironment Parse(byte[]? content)
    {
        var environment = new GrubEnvironment();
        string text = content is null ? "" : Encoding.UTF8.GetString(content);
        if (!text.StartsWith(Signature, StringComparison.Ordinal))
        {
            return environment;
        }

        foreach (string line in text[Signature.Length..].Split('\n'))
        {
            int equals = line.IndexOf('=');
            if (equals > 0 && line[0] != '#')
            {
                environment._variables.Add(new(line[..equals], line[(equals + 1)..]));
            }
        }

        return environment;
    }

    /// <summary>A variable's value, or <see langword="null"/>.</summary>
    public string? Get(string name) => _variables.Find(variable => variable.Key == name).Value;

    /// <summary>Sets a variable; <see langword="null"/> removes it.</summary>
    public void Set(string name, string? value)
    {
        _variables.RemoveAll(variable => variable.Key == name);
        if (value is not null)
        {
            _variables.Add(new(name, value));
        }
    }

    /// <summary>The block's bytes.</summary>
    /// <exception cref="DeploymentException">There is more than a block holds.</exception>
    public byte[] ToBytes()
    {
        byte[] text = Encoding.UTF8.GetBytes(Signature + string.Concat(_variables.Select(variable => $"{variable.Key}={variable.Value}\n")));
        if (text.Length > Size)
        {
            throw new DeploymentException($"GRUB's environment would have {text.Length} bytes, and it holds {Size}");
        }

        byte[] block = new byte[Size];
        text.CopyTo(block, 0);
        block.AsSpan(text.Length).Fill((byte)'#');
        return block;
    }
}
