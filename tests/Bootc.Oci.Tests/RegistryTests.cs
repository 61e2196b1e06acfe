// Registries that answer with errors, break off, stall, lie or want credentials.
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Testing;
using Xunit;

namespace Bootc.Oci.Tests;

public sealed class RegistryTests
{
    [Theory]
    [InlineData(404, typeof(ImageNotFoundException), 1)]
    [InlineData(401, typeof(UnauthorizedException), 1)]
    [InlineData(403, typeof(UnauthorizedException), 1)]
    [InlineData(400, typeof(RegistryException), 1)]
    [InlineData(429, typeof(RegistryException), 3)]
    [InlineData(500, typeof(RegistryException), 3)]
    [InlineData(503, typeof(RegistryException), 3)]
    public async Task An_error_names_the_image_and_the_answer_and_only_what_may_pass_is_tried_again(int status, Type error, int tries)
    {
        using var registry = new ScriptedRegistry((_, _) => new ScriptedAnswer(status, """{"errors":[{"code":"SOME_CODE","message":"in its own words"}]}"""));
        await using IImageSource source = registry.Open();

        Exception e = await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.IsType(error, e);
        Assert.Contains($"{registry.Address}/os/image:latest", e.Message);
        Assert.Contains($"{status}", e.Message);
        Assert.Contains("in its own words", e.Message);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Equal(tries, registry.Requests.Count(request => request.Path.Contains("manifests")));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    public async Task Passing_trouble_passes(int status)
    {
        using var registry = new ScriptedRegistry((request, before) => request.Path.Contains("manifests") && before < 2 ? new ScriptedAnswer(status) : null);
        await using IImageSource source = registry.Open();

        ResolvedManifest manifest = await source.FetchManifestAsync(Platform.Current, default);

        Assert.Equal(ScriptedRegistry.DigestOf(registry.Manifest), manifest.Digest.ToString());
    }

    [Fact]
    public async Task The_pause_that_a_registry_asks_for_is_kept()
    {
        using var registry = new ScriptedRegistry((request, before) => request.Path.Contains("manifests") && before < 1 ? new ScriptedAnswer(429).With("Retry-After", "1") : null);
        await using IImageSource source = registry.Open();
        long start = Environment.TickCount64;

        await source.FetchManifestAsync(Platform.Current, default);

        Assert.True(Environment.TickCount64 - start >= 990);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_blob_that_breaks_off_is_resumed_where_it_broke(bool cleanly)
    {
        using var registry = new ScriptedRegistry((request, before) =>
            request.Path.Contains("blobs") && before < 4
                ? ScriptedRegistry.AnswerBlob(request, ScriptedRegistry.Layer) with { BreakAfter = 50_000, BreaksCleanly = cleanly }
                : null);
        await using IImageSource source = registry.Open();

        byte[] content = await ReadAsync(source, ScriptedRegistry.LayerDescriptor);

        Assert.Equal(ScriptedRegistry.Layer, content);
        string?[] ranges = [.. registry.Requests.Where(request => request.Path.Contains("blobs")).Select(request => request.Header("range"))];
        Assert.Equal(5, ranges.Length);
        Assert.Null(ranges[0]);
        Assert.All(ranges[1..], range => Assert.Matches("^bytes=[1-9][0-9]*-$", range));
    }

    [Fact]
    public async Task A_registry_that_ignores_ranges_sends_all_again_and_nothing_counts_twice()
    {
        using var registry = new ScriptedRegistry((request, before) =>
            request.Path.Contains("blobs") ? new ScriptedAnswer(200, ScriptedRegistry.Layer) { BreakAfter = before < 2 ? 100_000 * (before + 1) : null } : null);
        await using IImageSource source = registry.Open();

        Assert.Equal(ScriptedRegistry.Layer, await ReadAsync(source, ScriptedRegistry.LayerDescriptor));
    }

    [Fact]
    public async Task A_part_that_was_not_asked_for_is_an_error()
    {
        using var registry = new ScriptedRegistry((request, before) => !request.Path.Contains("blobs") ? null
            : before == 0 ? new ScriptedAnswer(200, ScriptedRegistry.Layer) { BreakAfter = 100_000 }
            : new ScriptedAnswer(206, ScriptedRegistry.Layer[5..]).With("Content-Range", $"bytes 5-{ScriptedRegistry.Layer.Length - 1}/{ScriptedRegistry.Layer.Length}"));
        await using IImageSource source = registry.Open();

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => ReadAsync(source, ScriptedRegistry.LayerDescriptor));

        Assert.Contains("byte 5", e.Message);
    }

    [Fact]
    public async Task A_registry_that_stalls_is_given_up_in_time_wherever_it_does()
    {
        foreach (string place in (string[])["headers", "manifest", "blob", "config"])
        {
            using var registry = new ScriptedRegistry((request, _) => place switch
            {
                "headers" when request.Path.Contains("manifests") => new ScriptedAnswer(200, "").With("Content-Length", "100") with { Stalls = true },
                "manifest" when request.Path.Contains("manifests") => new ScriptedAnswer(200, "{\"sche").With("Content-Length", "100") with { Stalls = true },
                "blob" when request.Path.Contains("blobs") => new ScriptedAnswer(200, ScriptedRegistry.Layer) { BreakAfter = 1000, Stalls = true },
                "config" when request.Path.Contains("blobs") => new ScriptedAnswer(200, "{").With("Content-Length", "50") with { Stalls = true },
                _ => null,
            });
            await using IImageSource source = registry.Open();
            Descriptor config = new() { Digest = Digest.Parse(ScriptedRegistry.DigestOf(registry.Config)), Size = registry.Config.Length };

            OciException e = await Assert.ThrowsAnyAsync<OciException>(() => place switch
            {
                "blob" => ReadAsync(source, ScriptedRegistry.LayerDescriptor),
                "config" => source.FetchSmallBlobAsync(config, 1000, default),
                _ => (Task)source.FetchManifestAsync(Platform.Current, default),
            }).WaitAsync(TimeSpan.FromSeconds(30));

            Assert.Contains("0.4 seconds", e.Message);
            Assert.Contains(registry.Address, e.Message);
        }
    }

    [Theory]
    [InlineData("manifests", 1, "only ")]
    [InlineData("manifests", 500, "it was not there within 2 seconds")]
    [InlineData("blobs", 1, "only ")]
    public async Task A_registry_that_drips_is_given_up_in_time(string place, int bytes, string told)
    {
        using var registry = new ScriptedRegistry((request, _) => request.Path.Contains(place) ? new ScriptedAnswer(200, ScriptedRegistry.Layer) { DripsBytes = bytes } : null);
        await using IImageSource source = registry.Open(configure: options => options with { StallTimeout = TimeSpan.FromMilliseconds(200) });

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() =>
            place == "blobs" ? ReadAsync(source, ScriptedRegistry.LayerDescriptor) : (Task)source.FetchManifestAsync(Platform.Current, default)).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Contains(told, e.Message);
        Assert.Contains("(tried 3 times)", e.Message);
        Assert.Contains($"{registry.Address}/os/image", e.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_registry_that_breaks_off_after_each_byte_is_given_up_in_time(bool inRanges)
    {
        using var registry = new ScriptedRegistry((request, _) => request.Path.Contains("blobs")
            ? ScriptedRegistry.AnswerBlob(request, ScriptedRegistry.Layer) with { BreakAfter = 1, BreaksCleanly = true }
            : null);
        await using IImageSource source = registry.Open();

        OciException e = await Assert.ThrowsAnyAsync<OciException>(async () =>
        {
            await using Stream blob = inRanges
                ? await ((IBlobRanges)source).OpenBlobRangesAsync(ScriptedRegistry.LayerDescriptor, [new BlobRange(10, 1000)], null, default)
                : await source.OpenBlobAsync(ScriptedRegistry.LayerDescriptor, null, default);
            await blob.CopyToAsync(Stream.Null);
        });

        Assert.Contains("of 300000", e.Message);
        Assert.Contains("(tried 3 times)", e.Message);
        Assert.Equal(3, registry.Requests.Count(request => request.Path.Contains("blobs")));
    }

    [Fact]
    public async Task A_manifest_that_breaks_off_is_fetched_again()
    {
        using var registry = new ScriptedRegistry((request, before) =>
            request.Path.Contains("manifests") && before < 2 ? new ScriptedAnswer(200, ScriptedRegistry.Layer) { BreakAfter = 10 } : null);
        await using IImageSource source = registry.Open();

        await source.FetchManifestAsync(Platform.Current, default);

        Assert.Equal(3, registry.Requests.Count(request => request.Path.Contains("manifests")));
    }

    [Fact]
    public async Task Content_that_is_not_what_its_digest_says_is_refused()
    {
        byte[] other = new byte[300_000];
        using var registry = new ScriptedRegistry((request, _) => request.Path.Contains("blobs") ? new ScriptedAnswer(200, other) : null);
        await using IImageSource source = registry.Open();

        DigestMismatchException e = await Assert.ThrowsAsync<DigestMismatchException>(() => ReadAsync(source, ScriptedRegistry.LayerDescriptor));

        Assert.Contains(ScriptedRegistry.LayerDescriptor.Digest.ToString(), e.Message);
        Assert.Contains(registry.Address, e.Message);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task A_blob_of_another_size_is_refused(int difference)
    {
        using var registry = new ScriptedRegistry((request, _) => request.Path.Contains("blobs")
            ? new ScriptedAnswer(200, difference < 0 ? ScriptedRegistry.Layer[..^1] : [.. ScriptedRegistry.Layer, .. new byte[difference]])
            : null);
        await using IImageSource source = registry.Open();

        await Assert.ThrowsAnyAsync<OciException>(() => ReadAsync(source, ScriptedRegistry.LayerDescriptor));
    }

    [Fact]
    public async Task A_manifest_by_digest_must_have_it()
    {
        using var registry = new ScriptedRegistry();
        await using IImageSource good = registry.Open("@" + ScriptedRegistry.DigestOf(registry.Manifest));
        await using IImageSource bad = registry.Open("@" + ScriptedRegistry.DigestOf([1, 2, 3]));

        Assert.Single((await good.FetchManifestAsync(Platform.Current, default)).Manifest.Layers);
        await Assert.ThrowsAsync<DigestMismatchException>(() => bad.FetchManifestAsync(Platform.Current, default));
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("<html>not a registry</html>", "JSON")]
    [InlineData("[]", "JSON object")]
    [InlineData("{}", "type")]
    [InlineData("""{"schemaVersion":1,"mediaType":"application/vnd.docker.distribution.manifest.v1+prettyjws"}""", "v1+prettyjws")]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}""", "malformed")]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":"sha256:12","size":1},"layers":[]}""", "digest")]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}""", "no image for")]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.artifact.v1+json","layers":[]}""", "artifact")]
    public async Task Something_that_is_no_manifest_is_named(string manifest, string named)
    {
        using var registry = new ScriptedRegistry((request, _) => request.Path.Contains("manifests") ? new ScriptedAnswer(200, manifest).With("Content-Type", "text/plain") : null);
        await using IImageSource source = registry.Open();

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains(named, e.Message);
        Assert.Contains("os/image", e.Message);
    }

    [Fact]
    public async Task A_manifest_of_any_size_takes_little_memory()
    {
        using var registry = new ScriptedRegistry((request, _) => request.Path.Contains("manifests") ? new ScriptedAnswer(200, new byte[8 << 20]) : null);
        await using IImageSource source = registry.Open();

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains("4194304", e.Message);
    }

    [Fact]
    public async Task A_token_is_fetched_as_the_challenge_says_and_shown_to_the_registry_alone()
    {
        string storage = "";
        using var elsewhere = new ScriptedServer(_ => new ScriptedAnswer(200, ScriptedRegistry.Layer));
        using var registry = new ScriptedRegistry((request, _) =>
        {
            if (request.Path.StartsWith("/token", StringComparison.Ordinal))
            {
                return new ScriptedAnswer(200, """{"token":"the-token","expires_in":300}""");
            }

            if (request.Header("authorization") != "Bearer the-token")
            {
                return new ScriptedAnswer(401).With("WWW-Authenticate", $"Bearer realm=\"http://{request.Header("host")}/token?x=1\",service=\"a \\\"quoted\\\" service\",scope=\"repository:os/image:pull,push\"");
            }

            return request.Path.Contains("blobs") ? new ScriptedAnswer(307).With("Location", storage) : null;
        });
        storage = $"http://{elsewhere.Address}/somewhere?signature=1";
        await using IImageSource source = registry.Open();

        await source.FetchManifestAsync(Platform.Current, default);
        byte[] content = await ReadAsync(source, ScriptedRegistry.LayerDescriptor);

        Assert.Equal(ScriptedRegistry.Layer, content);
        ScriptedRequest token = Assert.Single(registry.Requests, request => request.Path.StartsWith("/token", StringComparison.Ordinal));
        Assert.Equal("/token?x=1&service=a%20%22quoted%22%20service&scope=repository%3Aos%2Fimage%3Apull%2Cpush", token.Path);
        Assert.Null(token.Header("authorization"));
        Assert.Null(Assert.Single(elsewhere.Requests).Header("authorization"));
    }

    [Theory]
    [InlineData("Bearer", "{\"auth\":\"dXNlcjpwYXNz\"}")]
    [InlineData("Bearer", "{\"auth\":\"dXNlcjo=\",\"identitytoken\":\"the-identity\"}")]
    [InlineData("Basic", "{\"auth\":\"dXNlcjpwYXNz\"}")]
    public async Task Storage_that_a_redirect_leads_to_cannot_ask_for_the_credentials_of_the_registry(string scheme, string credential)
    {
        using var directory = new TestDirectory();
        using var elsewhere = new ScriptedServer(request => new ScriptedAnswer(401).With("WWW-Authenticate", $"{scheme} realm=\"http://{request.Header("host")}/token\",service=\"s\""));
        string storage = $"http://{elsewhere.Address}/storage";
        using var registry = new ScriptedRegistry((_, _) => new ScriptedAnswer(307).With("Location", storage));
        string auths = $$"""{"auths":{"{{registry.Address}}":{{credential}} } }""";
        await using IImageSource source = registry.Open(configure: options => options with { AuthFile = directory.Write("auth.json", auths) });

        UnauthorizedException e = await Assert.ThrowsAsync<UnauthorizedException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains($"{registry.Address} leads to {elsewhere.Address}, which answered 401", e.Message);
        ScriptedRequest request = Assert.Single(elsewhere.Requests);
        Assert.Equal(("/storage", null), (request.Path, request.Header("authorization")));
    }

    [Fact]
    public async Task An_expired_token_is_renewed()
    {
        int tokens = 0;
        using var registry = new ScriptedRegistry((request, _) =>
        {
            if (request.Path.StartsWith("/token", StringComparison.Ordinal))
            {
                return new ScriptedAnswer(200, $$"""{"access_token":"token-{{++tokens}}"}""");
            }

            string valid = request.Path.Contains("blobs") ? "Bearer token-2" : "Bearer token-1";
            return request.Header("authorization") == valid ? null
                : new ScriptedAnswer(401).With("WWW-Authenticate", $"Bearer realm=\"http://{request.Header("host")}/token\",service=\"s\"");
        });
        await using IImageSource source = registry.Open();

        await source.FetchManifestAsync(Platform.Current, default);
        await ReadAsync(source, ScriptedRegistry.LayerDescriptor);

        Assert.Equal(2, tokens);
    }

    [Theory]
    [InlineData("{registry}")]
    [InlineData("{registry}/os")]
    [InlineData("{registry}/os/image")]
    public async Task Credentials_are_those_of_the_longest_prefix(string key)
    {
        using var directory = new TestDirectory();
        using var registry = new ScriptedRegistry((request, _) =>
            request.Header("authorization") == "Basic " + Base64("user:pass:word") ? null : new ScriptedAnswer(401).With("WWW-Authenticate", "Basic realm=\"x\""));
        string auths = $$"""{"auths":{"{{key.Replace("{registry}", registry.Address)}}":{"auth":"{{Base64("user:pass:word")}}"},"{{registry.Address}}/os/image/other":{"auth":"{{Base64("x:y")}}"},"other.example":{"auth":"{{Base64("x:y")}}"} } }""";
        await using IImageSource source = registry.Open(configure: options => options with { AuthFile = directory.Write("auth.json", auths) });

        await source.FetchManifestAsync(Platform.Current, default);
    }

    [Fact]
    public async Task Refused_credentials_are_named_without_the_password()
    {
        using var directory = new TestDirectory();
        using var registry = new ScriptedRegistry((_, _) => new ScriptedAnswer(401).With("WWW-Authenticate", "Basic realm=\"x\""));
        string auths = $$"""{"auths":{"{{registry.Address}}":{"auth":"{{Base64("alice:secret")}}"} } }""";
        await using IImageSource source = registry.Open(configure: options => options with { AuthFile = directory.Write("auth.json", auths) });

        UnauthorizedException e = await Assert.ThrowsAsync<UnauthorizedException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains("alice", e.Message);
        Assert.DoesNotContain("secret", e.Message);
    }

    [Fact]
    public async Task Credentials_are_found_where_ostree_and_podman_keep_them()
    {
        foreach (string place in (string[])["etc/ostree/auth.json", "run/ostree/auth.json", "usr/lib/ostree/auth.json"])
        {
            using var directory = new TestDirectory();
            using var registry = new ScriptedRegistry((request, _) => request.Header("authorization") is not null ? null : new ScriptedAnswer(401).With("WWW-Authenticate", "Basic realm=\"x\""));
            directory.Write(place, $$"""{"auths":{"{{registry.Address}}":{"auth":"{{Base64("u:p")}}"} } }""");
            await using IImageSource source = registry.Open(configure: options => options with { AuthFile = null, Root = directory.Path });

            await source.FetchManifestAsync(Platform.Current, default);
        }
    }

    [Theory]
    [InlineData("{", "malformed")]
    [InlineData("""{"auths":{"{registry}":{"auth":"not base64!"}}}""", "Base64")]
    [InlineData("""{"auths":{"{registry}":{"auth":"bm9jb2xvbg=="}}}""", "colon")]
    public async Task Malformed_credentials_name_their_file(string content, string named)
    {
        using var directory = new TestDirectory();
        using var registry = new ScriptedRegistry((_, _) => new ScriptedAnswer(401).With("WWW-Authenticate", "Basic realm=\"x\""));
        string path = directory.Write("auth.json", content.Replace("{registry}", registry.Address));
        await using IImageSource source = registry.Open(configure: options => options with { AuthFile = path });

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains(path, e.Message);
        Assert.Contains(named, e.Message);
    }

    [Fact]
    public async Task A_circle_of_redirects_ends()
    {
        using var registry = new ScriptedRegistry((request, _) => new ScriptedAnswer(302).With("Location", request.Path));
        await using IImageSource source = registry.Open();

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains("redirects", e.Message);
    }

    [Theory]
    [InlineData("//[")]
    [InlineData("http://[")]
    [InlineData("http:///")]
    public async Task A_redirect_that_leads_nowhere_is_named(string location)
    {
        using var registry = new ScriptedRegistry((_, _) => new ScriptedAnswer(302).With("Location", location));
        await using IImageSource source = registry.Open();

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains($"{registry.Address}/", e.Message);
        Assert.Contains("os/image", e.Message);
    }

    [Fact]
    public async Task A_registry_that_is_not_there_is_told()
    {
        string address;
        using (var gone = new ScriptedServer(_ => new ScriptedAnswer(200)))
        {
            address = gone.Address;
        }

        await using IImageSource source = ImageSources.Open(
            ImageReference.Parse($"docker://{address}/os/image"), new OciOptions { Root = "/nonexistent", Attempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1) });

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains(address, e.Message);
        Assert.Contains("refused", e.Message);
    }

    [Fact]
    public async Task Registries_conf_blocks_and_relocates()
    {
        using var directory = new TestDirectory();
        using var registry = new ScriptedRegistry();
        string conf = directory.Write("registries.conf", $"""
            [[registry]]
            prefix = "quay.example/blocked"
            location = "quay.example/blocked"
            blocked = true

            [[registry]]
            prefix = "quay.example"
            location = "{registry.Address}"
            insecure = true
            """);
        OciOptions options = new() { Root = "/nonexistent", RegistriesConf = conf, Attempts = 1 };
        await using IImageSource moved = ImageSources.Open(ImageReference.Parse("docker://quay.example/os/image:latest"), options);
        await using IImageSource blocked = ImageSources.Open(ImageReference.Parse("docker://quay.example/blocked/image"), options);

        Assert.Single((await moved.FetchManifestAsync(Platform.Current, default)).Manifest.Layers);
        Assert.Contains("blocks", (await Assert.ThrowsAnyAsync<OciException>(() => blocked.FetchManifestAsync(Platform.Current, default))).Message);
    }

    // The first mirror is not there, the second one has no such image, the third one fails with the layer.
    [Fact]
    public async Task Mirrors_are_tried_in_order_and_the_rest_comes_from_where_it_can()
    {
        using var directory = new TestDirectory();
        using var without = new ScriptedRegistry((_, _) => new ScriptedAnswer(404));
        using var breaking = new ScriptedRegistry((request, _) => request.Path.Contains("blobs") ? new ScriptedAnswer(500) : null);
        using var registry = new ScriptedRegistry();
        string conf = directory.Write("registries.conf", $"""
            [[registry]]
            prefix = "quay.example"
            location = "{registry.Address}"
            {string.Join('\n', new[] { "127.0.0.1:1", without.Address, breaking.Address }.Select(mirror => $"[[registry.mirror]]\nlocation = \"{mirror}\""))}
            """);
        OciOptions options = new() { Root = "/nonexistent", RegistriesConf = conf, Attempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1) };
        await using IImageSource source = ImageSources.Open(ImageReference.Parse("docker://quay.example/os/image:latest"), options);

        await source.FetchManifestAsync(Platform.Current, default);
        byte[] layer = await ReadAsync(source, ScriptedRegistry.LayerDescriptor);
        byte[] again = await ReadAsync(source, ScriptedRegistry.LayerDescriptor);

        Assert.Equal(ScriptedRegistry.Layer, layer);
        Assert.Equal(ScriptedRegistry.Layer, again);
        Assert.Contains(breaking.Requests, request => request.Path.Contains("manifests"));
        Assert.DoesNotContain(registry.Requests, request => request.Path.Contains("manifests"));
        Assert.Single(breaking.Requests, request => request.Path.Contains("blobs")); // then the registry itself is asked first
    }

    [Fact]
    public async Task What_every_mirror_answered_is_told_when_none_has_it()
    {
        using var directory = new TestDirectory();
        using var mirror = new ScriptedRegistry((_, _) => new ScriptedAnswer(404));
        using var registry = new ScriptedRegistry((_, _) => new ScriptedAnswer(503));
        string conf = directory.Write("registries.conf", $"[[registry]]\nprefix = \"quay.example\"\nlocation = \"{registry.Address}\"\n[[registry.mirror]]\nlocation = \"{mirror.Address}\"\n");
        OciOptions options = new() { Root = "/nonexistent", RegistriesConf = conf, Attempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1) };
        await using IImageSource source = ImageSources.Open(ImageReference.Parse("docker://quay.example/os/image:latest"), options);

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains("503", e.Message);
        Assert.Contains($"before it the mirror {mirror.Address}: there is no manifest", e.Message);
    }

    [Fact]
    public async Task The_first_search_registry_that_has_the_image_is_what_a_short_name_stands_for()
    {
        using var directory = new TestDirectory();
        using var without = new ScriptedRegistry((_, _) => new ScriptedAnswer(404));
        using var registry = new ScriptedRegistry();
        string conf = directory.Write("registries.conf", $"unqualified-search-registries = [\"{without.Address}\", \"{registry.Address}\"]\n");
        OciOptions options = new() { Root = "/nonexistent", RegistriesConf = conf, Attempts = 1 };

        Assert.Equal($"{registry.Address}/os/image:1", await ShortNames.FindAsync("os/image:1", options, default));
    }

    [Fact]
    public async Task Plain_http_on_another_address_takes_insecure_in_registries_conf()
    {
        IPAddress? address = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(found => found.GetIPProperties().UnicastAddresses)
            .Select(found => found.Address)
            .FirstOrDefault(found => found.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(found));
        Assert.SkipWhen(address is null, "this machine has no address but loopback");
        using var directory = new TestDirectory();
        using var registry = new ScriptedRegistry(address: address);
        string conf = directory.Write("registries.conf", $"""
            [[registry]]
            location = "{registry.Address}"
            insecure = true
            """);
        await using IImageSource refused = registry.Open();
        await using IImageSource allowed = registry.Open(configure: options => options with { RegistriesConf = conf });

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => refused.FetchManifestAsync(Platform.Current, default));
        Assert.Contains($"{registry.Address} speaks no TLS", e.Message);
        Assert.Contains("'insecure = true' in registries.conf", e.Message);
        Assert.Empty(registry.Requests); // not even asked
        Assert.Single((await allowed.FetchManifestAsync(Platform.Current, default)).Manifest.Layers);
    }

    [Fact]
    public async Task A_malformed_registries_conf_is_named()
    {
        using var directory = new TestDirectory();
        using var registry = new ScriptedRegistry();
        string path = directory.Write("registries.conf", "[[registry]\nlocation =");
        await using IImageSource source = registry.Open(configure: options => options with { RegistriesConf = path });

        Assert.Contains(path, (await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default))).Message);
    }

    [Fact]
    public async Task Waiting_ends_when_it_is_told_to()
    {
        using var registry = new ScriptedRegistry((_, _) => new ScriptedAnswer(503).With("Retry-After", "50"));
        await using IImageSource source = registry.Open();
        using var stop = new CancellationTokenSource(200);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => source.FetchManifestAsync(Platform.Current, stop.Token)).WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static async Task<byte[]> ReadAsync(IImageSource source, Descriptor descriptor)
    {
        await using Stream blob = await source.OpenBlobAsync(descriptor, null, default);
        var content = new MemoryStream();
        await blob.CopyToAsync(content);
        return content.ToArray();
    }
}
