// Registries that break off, forget, refuse large requests or want another token while a blob is pushed to them.
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

public sealed class BlobUploadTests
{
    private const int Size = 10_000_000;

    [Fact]
    public async Task An_upload_goes_on_where_the_registry_has_it()
    {
        int patches = 0;
        using var registry = new ReceivingRegistry(async (self, context) =>
        {
            if (context.Request.HttpMethod != "PATCH" || ++patches > 4)
            {
                return false;
            }

            await self.BreakAfterAsync(context, 1_000_000);
            return true;
        });
        var blob = new RandomBlob(Size);

        Assert.Equal(BlobPlacement.Uploaded, await PushAsync(registry, blob)); // with three attempts: what arrives gives new ones

        Assert.Equal(blob.Bytes, registry.Blobs[blob.Descriptor!.Digest.ToString()]);
        Assert.Equal(
            ["PATCH", "PATCH 1000000-9999999", "PATCH 2000000-9999999", "PATCH 3000000-9999999", "PATCH 4000000-9999999"],
            registry.Requests.Where(request => request.StartsWith("PATCH")).Select(request => request.Split(' ')).Select(parts => string.Join(' ', parts.Where((_, i) => i != 1))));
    }

    [Fact]
    public async Task An_upload_that_the_registry_forgot_begins_anew()
    {
        int patches = 0;
        using var registry = new ReceivingRegistry(async (self, context) =>
        {
            if (context.Request.HttpMethod != "PATCH" || ++patches > 2)
            {
                return false;
            }

            await self.BreakAfterAsync(context, 1_000_000, forgets: true);
            return true;
        });
        var blob = new RandomBlob(Size);

        Assert.Equal(BlobPlacement.Uploaded, await PushAsync(registry, blob));

        Assert.Equal(3, registry.Requests.Count(request => request.StartsWith("POST")));
        Assert.Equal(blob.Bytes, registry.Blobs[blob.Descriptor!.Digest.ToString()]);
    }

    [Fact]
    public async Task A_registry_that_never_takes_it_is_given_up()
    {
        using var registry = new ReceivingRegistry((_, context) => context.Request.HttpMethod == "PATCH" ? ReceivingRegistry.AnswerAsync(context, 503) : Task.FromResult(false));
        var blob = new RandomBlob(Size);

        RegistryException e = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(registry, blob));

        Assert.Equal($"cannot push the blob {blob.Descriptor!.Digest} to {registry.Address}/os/image: {registry.Address} answered 503 ServiceUnavailable (tried 3 times)", e.Message);
        Assert.Equal(3, registry.Requests.Count(request => request.StartsWith("PATCH")));
    }

    [Fact]
    public async Task Where_large_requests_are_refused_it_goes_in_pieces()
    {
        using var registry = new ReceivingRegistry((_, context) => context.Request.ContentLength64 > 33 << 20 ? ReceivingRegistry.AnswerAsync(context, 413) : Task.FromResult(false));
        var blob = new RandomBlob(70 << 20);

        Assert.Equal(BlobPlacement.Uploaded, await PushAsync(registry, blob));

        Assert.Equal(blob.Bytes.Length, registry.Blobs[blob.Descriptor!.Digest.ToString()].Length);
        Assert.Equal(
            ["0-33554431", "33554432-67108863", "67108864-73400319"],
            registry.Requests.Where(request => request.StartsWith("PATCH")).Select(request => request.Split(' ')).Where(parts => parts.Length == 3).Select(parts => parts[2]));
    }

    [Fact]
    public async Task An_answer_that_is_lost_is_no_failure()
    {
        using var registry = new ReceivingRegistry(async (self, context) =>
        {
            if (context.Request.HttpMethod != "PUT")
            {
                return false;
            }

            byte[] body = new byte[context.Request.ContentLength64];
            await context.Request.InputStream.ReadExactlyAsync(body);
            self.Blobs[context.Request.QueryString["digest"]!] = body;
            context.Response.Abort();
            return true;
        });
        var blob = new RandomBlob(1000);

        Assert.Equal(BlobPlacement.Uploaded, await PushAsync(registry, blob));

        Assert.Single(registry.Requests, request => request.StartsWith("PUT"));
    }

    [Fact]
    public async Task A_token_is_asked_for_to_push_and_to_take_from_elsewhere()
    {
        using var tokens = new ScriptedServer(request => new ScriptedAnswer(200, $$"""{"token":"{{(request.Path.Contains("other") ? "both" : request.Path.Contains("push") ? "push" : "pull")}}"}"""));
        using var registry = new ReceivingRegistry((self, context) =>
        {
            string? shown = context.Request.Headers["Authorization"]?.Split(' ')[1];
            string? from = context.Request.QueryString["from"];
            if (context.Request.HttpMethod == "HEAD" ? shown is not null : from is not null ? shown == "both" : shown is "push" or "both")
            {
                return Task.FromResult(false);
            }

            string scope = context.Request.HttpMethod == "HEAD" ? "repository:os/image:pull" : "repository:os/image:pull,push";
            return ReceivingRegistry.AnswerAsync(context, 401, ("WWW-Authenticate", $"Bearer realm=\"http://{tokens.Address}/token\",service=\"s\",scope=\"{(from is null ? "" : $"repository:{from}:pull ")}{scope}\""));
        });
        var blob = new RandomBlob(1000);
        var target = RegistryReference.Parse($"{registry.Address}/os/image:1");

        await Client().UploadBlobAsync(target, blob, "other/image", default);
        await Client().PutManifestAsync(target, "{}"u8.ToArray(), MediaTypes.OciManifest, default);

        Assert.Contains(registry.Requests, request => request == $"POST /v2/os/image/blobs/uploads/?mount={blob.Descriptor!.Digest}&from=other%2Fimage");
        Assert.Equal(
            [
                "/token?service=s&scope=repository%3Aos%2Fimage%3Apull",
                "/token?service=s&scope=repository%3Aother%2Fimage%3Apull&scope=repository%3Aos%2Fimage%3Apull%2Cpush",
                "/token?service=s&scope=repository%3Aos%2Fimage%3Apull%2Cpush",
            ],
            tokens.Requests.Select(request => request.Path));
        Assert.Equal(MediaTypes.OciManifest, registry.Manifests["1"].Type);
    }

    [Theory]
    [InlineData(401, "access to the manifest of {registry}/os/image:1 is refused: {registry} answered 401 Unauthorized; no credentials for it are in /nonexistent/auth.json")]
    [InlineData(404, "cannot push the manifest of {registry}/os/image:1: {registry} answered 404 NotFound")]
    [InlineData(400, "cannot push the manifest of {registry}/os/image:1: {registry} answered 400 BadRequest")]
    [InlineData(500, "cannot push the manifest of {registry}/os/image:1: {registry} answered 500 InternalServerError (tried 3 times)")]
    public async Task A_manifest_that_is_refused_is_told(int status, string message)
    {
        using var registry = new ReceivingRegistry((_, context) => context.Request.HttpMethod == "PUT" ? ReceivingRegistry.AnswerAsync(context, status) : Task.FromResult(false));

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => Client().PutManifestAsync(RegistryReference.Parse($"{registry.Address}/os/image:1"), "{}"u8.ToArray(), MediaTypes.OciManifest, default));

        Assert.Equal(message.Replace("{registry}", registry.Address), e.Message);
    }

    [Fact]
    public async Task A_registry_that_got_something_else_is_not_believed()
    {
        using var registry = new ReceivingRegistry((_, context) =>
            context.Request.HttpMethod == "PUT" ? ReceivingRegistry.AnswerAsync(context, 201, ("Docker-Content-Digest", ScriptedRegistry.DigestOf([1]))) : Task.FromResult(false));
        var target = RegistryReference.Parse($"{registry.Address}/os/image:1");

        await Assert.ThrowsAsync<DigestMismatchException>(() => Client().PutManifestAsync(target, "{}"u8.ToArray(), MediaTypes.OciManifest, default));
        await Assert.ThrowsAsync<DigestMismatchException>(() => Client().PutManifestAsync(target with { Digest = Digest.Parse(ScriptedRegistry.DigestOf([1])) }, "{}"u8.ToArray(), MediaTypes.OciManifest, default));
    }

    [Fact]
    public async Task Content_does_not_go_where_there_is_no_tls_unless_it_may()
    {
        using var registry = new ReceivingRegistry((_, context) =>
            context.Request.HttpMethod == "POST" ? ReceivingRegistry.AnswerAsync(context, 202, ("Location", "ftp://elsewhere.example/x")) : Task.FromResult(false));

        RegistryException e = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(registry, new RandomBlob(1000)));

        Assert.Equal($"{registry.Address} wants content to be sent to ftp://elsewhere.example, which is not https", e.Message);
    }

    private static RegistryClient Client() => new(new OciOptions
    {
        Root = "/nonexistent",
        AuthFile = "/nonexistent/auth.json",
        RegistriesConf = "/nonexistent/registries.conf",
        Attempts = 3,
        FirstDelay = TimeSpan.FromMilliseconds(1),
        StallTimeout = TimeSpan.FromSeconds(5),
    });

    private static Task<BlobPlacement> PushAsync(ReceivingRegistry registry, IBlobContent blob) =>
        Client().UploadBlobAsync(RegistryReference.Parse($"{registry.Address}/os/image:1"), blob, null, default);

    private sealed class RandomBlob : IBlobContent
    {
        public RandomBlob(int size)
        {
            Bytes = new byte[size];
            new Random(size).NextBytes(Bytes);
            Descriptor = new Descriptor { Digest = Digest.Compute(Bytes), Size = size };
        }

        public byte[] Bytes { get; }

        public string Name => $"blob {Descriptor!.Digest}";

        public Descriptor? Descriptor { get; }

        public Task<Stream> OpenAsync(CancellationToken cancellation) => Task.FromResult<Stream>(new MemoryStream(Bytes, writable: false));
    }
}
