// What an engine says while it builds.
using System.Text.Json;
using Docker.DotNet.Models;

namespace Bootc.Oci.Engine;

/// <summary>Passes on what an engine says, and keeps what came of it. Messages are taken in their order, where they arrive.</summary>
internal sealed class BuildMessages(IProgress<string> output) : IProgress<JSONMessage>
{
    /// <summary>Why the build failed, if it did.</summary>
    public string? Error { get; private set; }

    /// <summary>The ID of the image, if the engine said so.</summary>
    public string? Image { get; private set; }

    public void Report(JSONMessage value)
    {
        if (value.Error?.Message is { Length: > 0 } detail)
        {
            Error = detail.Trim();
        }

        if (value.Stream is { Length: > 0 } text)
        {
            output.Report(text);
        }
        else if (value.Status is { Length: > 0 } status && value.Progress is not { Current: > 0 })
        {
            output.Report($"{(string.IsNullOrEmpty(value.ID) ? "" : value.ID + ": ")}{status}\n"); // of a base image that is pulled
        }

        if (value.Aux?.ExtensionData?.TryGetValue("ID", out object? id) == true && id is JsonElement { ValueKind: JsonValueKind.String } element)
        {
            Image = element.GetString();
        }
    }
}
