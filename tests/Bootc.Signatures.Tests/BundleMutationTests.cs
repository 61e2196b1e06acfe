// Any change to a good bundle is refused, but for those that change nothing that counts; and there is no other error.
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bootc.Signatures.Policy;
using Bootc.Signatures.Sigstore.Bundles;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class BundleMutationTests
{
    private const int FlipsOfAField = 5;
    private const int Rounds = 250;

    // Nothing is read of a hint or of the certificates that follow the signer's; an answer for a timestamp has parts around what is signed.
    private static readonly string[] OfNoConsequence = ["hint", "keyid", "signedTimestamp"];

    public static TheoryData<string> Names => [.. TestData.Folders("signatures/sigstore-bundles").Where(name => !name.EndsWith("_fail", StringComparison.Ordinal)), "v1", "v2", "v2 ECDSA", "dsse v1", "dsse v2", "dsse v2 dsse"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_bit_of_each_field_counts(string name)
    {
        var random = new Random(4);
        (JsonNode bundle, Func<JsonNode, BundleEvidence> verify) = Get(name);
        Assert.NotNull(verify(bundle));
        var accepted = new List<string>();
        foreach ((string path, string text) in Fields(bundle))
        {
            for (int i = 0; i < FlipsOfAField; i++)
            {
                string changed = Flip(text, random);
                if (IsAccepted(bundle, path, changed, verify))
                {
                    accepted.Add($"{path}: {changed}");
                }
            }
        }

        Assert.DoesNotContain(accepted, path => !OfNoConsequence.Any(name => path.Split(':')[0].EndsWith(name, StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Damaged_texts_are_refused_or_say_the_same(string name)
    {
        var random = new Random(5);
        (JsonNode bundle, Func<JsonNode, BundleEvidence> verify) = Get(name);
        string expected = verify(bundle).ToString();
        byte[] json = Encoding.UTF8.GetBytes(bundle.ToJsonString());
        for (int i = 0; i < Rounds; i++)
        {
            byte[] changed = [.. json];
            int at = random.Next(json.Length);
            int length = Math.Min(random.Next(1, 30), json.Length - at);
            changed = random.Next(3) switch
            {
                0 => [.. json.AsSpan(0, at), .. json.AsSpan(at + length)],
                1 => [.. json.AsSpan(0, at + length), .. json.AsSpan(at)],
                _ => [.. json.AsSpan(0, at), (byte)random.Next(256), .. json.AsSpan(at + 1)],
            };
            try
            {
                _ = SigstoreBundle.Parse(changed);
                Assert.Equal(expected, verify(JsonNode.Parse(changed)!).ToString());
            }
            catch (InvalidSignatureException)
            {
                // That is what is expected of most.
            }
        }
    }

    [Fact]
    public void Damaged_trusted_roots_are_refused_or_refuse()
    {
        var random = new Random(6);
        JsonNode bundle = TestSigstore.Make(new TestSigstore.Twist());
        JsonNode root = TestSigstore.RootJson();
        foreach ((string path, string text) in Fields(root))
        {
            for (int i = 0; i < FlipsOfAField; i++)
            {
                JsonNode changed = Replace(root, path, Flip(text, random));
                try
                {
                    TestSigstore.Verify(bundle, root: TrustedRoot.Parse(Encoding.UTF8.GetBytes(changed.ToJsonString()), "root"));
                }
                catch (Exception e) when (e is InvalidSignatureException or TrustRootException)
                {
                    // Either the root is malformed, or nothing counts by it.
                }
            }
        }
    }

    private static (JsonNode Bundle, Func<JsonNode, BundleEvidence> Verify) Get(string name)
    {
        if (name.Contains("v1", StringComparison.Ordinal) || name.Contains("v2", StringComparison.Ordinal))
        {
            string? statement = name.StartsWith("dsse", StringComparison.Ordinal) ? TestSigstore.StatementOf(TestSigstore.Artifact) : null;
            return (TestSigstore.Make(new TestSigstore.Twist { Rekor = statement is null ? name : name["dsse ".Length..], Statement = statement }), bundle => TestSigstore.Verify(bundle));
        }

        string folder = TestData.Get($"signatures/sigstore-bundles/{name}");
        return (JsonNode.Parse(File.ReadAllBytes($"{folder}/bundle.sigstore.json"))!, bundle => BundleTests.Verify(folder, SigstoreBundle.Parse(Encoding.UTF8.GetBytes(bundle.ToJsonString()))));
    }

    private static bool IsAccepted(JsonNode bundle, string path, string changed, Func<JsonNode, BundleEvidence> verify)
    {
        try
        {
            verify(Replace(bundle, path, changed));
            return true;
        }
        catch (InvalidSignatureException)
        {
            return false;
        }
    }

    // Bits of what base64 stands for, or a character of any other text.
    private static string Flip(string text, Random random)
    {
        byte[] bytes = new byte[text.Length];
        if (text.Length >= 4 && Convert.TryFromBase64String(text, bytes, out int length))
        {
            bytes[random.Next(length)] ^= (byte)(1 << random.Next(8));
            return Convert.ToBase64String(bytes, 0, length);
        }

        if (text.Length == 0)
        {
            return "x";
        }

        char[] characters = text.ToCharArray();
        ref char character = ref characters[random.Next(characters.Length)];
        character = (char)(character ^ (1 << random.Next(5)));
        return new string(characters);
    }

    private static IEnumerable<(string Path, string Text)> Fields(JsonNode node) => node switch
    {
        JsonObject fields => fields.Where(field => field.Value is not null).SelectMany(field => Fields(field.Value!)),
        JsonArray items => items.SelectMany(item => Fields(item!)),
        _ when node.GetValueKind() == JsonValueKind.String => [(node.GetPath(), (string)node!)],
        _ => [],
    };

    private static JsonNode Replace(JsonNode bundle, string path, string text)
    {
        JsonNode changed = bundle.DeepClone();
        Find(changed, path).ReplaceWith(text);
        return changed;
    }

    private static JsonNode Find(JsonNode node, string path) => node switch
    {
        _ when node.GetPath() == path => node,
        JsonObject fields => fields.Where(field => field.Value is not null).Select(field => Find(field.Value!, path)).FirstOrDefault(found => found is not null)!,
        JsonArray items => items.Select(item => Find(item!, path)).FirstOrDefault(found => found is not null)!,
        _ => null!,
    };
}
