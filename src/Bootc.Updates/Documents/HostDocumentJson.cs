// A BootcHost document as JSON, always the same for the same wish.
using System.Text.Encodings.Web;
using System.Text.Json;
using Bootc.Oci;

namespace Bootc.Updates.Documents;

/// <summary>Writes documents.</summary>
internal static class HostDocumentJson
{
    /// <summary>Writes a document.</summary>
    /// <param name="document">The document.</param>
    /// <param name="name">The host's name.</param>
    public static byte[] Write(HostDocument document, string name)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion", HostDocument.Version);
            json.WriteString("kind", HostDocument.DocumentKind);
            json.WriteStartObject("metadata");
            json.WriteString("name", name);
            json.WriteEndObject();
            json.WriteStartObject("spec");
            WriteSpec(document, json);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteSpec(HostDocument document, Utf8JsonWriter json)
    {
        if (document.Image is { } image)
        {
            WriteImage(image, json);
        }

        if (document.BootsRollback)
        {
            json.WriteString("bootOrder", "rollback");
        }

        if (document.KernelArguments is { } arguments)
        {
            json.WriteStartObject("kernelArguments");
            WriteTexts("present", arguments.Present, json);
            WriteTexts("absent", arguments.Absent, json);
            json.WriteEndObject();
        }

        if (document.Packages is { } packages)
        {
            WriteTexts("packages", packages, json);
        }

        if (document.BoundImages is { } bound)
        {
            WriteTexts("boundImages", bound, json);
        }

        if (document.Updates is { } updates)
        {
            WriteUpdates(updates, json);
        }
    }

    private static void WriteImage(OstreeImageReference image, Utf8JsonWriter json)
    {
        json.WriteStartObject("image");
        json.WriteString("image", image.Image.Name);
        json.WriteString("transport", ImageReference.NameOf(image.Image.Transport));
        if (image.Verification == SignatureVerification.ContainerPolicy)
        {
            json.WriteString("signature", "containerPolicy");
        }
        else if (image.Verification == SignatureVerification.OstreeRemote)
        {
            json.WriteStartObject("signature");
            json.WriteString("ostreeRemote", image.Remote);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteUpdates(UpdatesWish updates, Utf8JsonWriter json)
    {
        json.WriteStartObject("updates");
        if (updates.Written.Count > 0)
        {
            json.WriteStartArray("window");
            foreach (UpdatesWish.WrittenWindow window in updates.Written)
            {
                json.WriteStartObject();
                WriteTexts("days", window.Days, json);
                json.WriteString("startTime", window.StartTime);
                json.WriteNumber("lengthMinutes", window.LengthMinutes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("timeZone", updates.TimeZone);
        }

        if (updates.Pin is { } pin)
        {
            json.WriteString("pin", pin.ToString());
        }

        if (updates.Paused is { } reason)
        {
            json.WriteString("paused", reason);
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(string name, IReadOnlyList<string> texts, Utf8JsonWriter json)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
