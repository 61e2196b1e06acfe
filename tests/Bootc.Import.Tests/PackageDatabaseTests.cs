// Package databases are read as dpkg and rpm themselves read them.
using System.Buffers.Binary;
using Bootc.Import.Packages;
using Bootc.Testing;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class PackageDatabaseTests
{
    [Fact]
    public void The_status_file_of_this_machine_lists_what_dpkg_lists()
    {
        Peer.Require("dpkg-query");
        string expected = Peer.Run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version} ${Architecture}\n").Succeeded();

        List<Package> packages = PackageDatabase.ParseDpkgStatus(File.ReadAllText("/var/lib/dpkg/status"));

        Assert.Equal(
            expected.Split('\n').Where(line => line.StartsWith("installed ", StringComparison.Ordinal)).Select(line => line[10..]).Order(StringComparer.Ordinal),
            packages.Select(package => $"{package.Name} {package.Version} {package.Architecture}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_database_of_rpm_lists_what_rpm_lists()
    {
        Peer.Require("rpm", "rpmbuild");
        using var directory = new TestDirectory();
        for (int i = 0; i < 12; i++)
        {
            BuildAndInstall(directory, $"package-{i}", $"1.{i}", i % 5 == 0 ? 2 : null, i * 4);
        }

        string database = directory["db/rpmdb.sqlite"];
        Assert.SkipUnless(File.Exists(database), "this rpm keeps no sqlite database");
        string expected = Peer.Run("rpm", "--dbpath", directory["db"], "-qa", "--qf", "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH}\n").Succeeded();

        List<Package> packages = RpmDatabase.Parse(File.ReadAllBytes(database));

        Assert.Equal(
            expected.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            packages.Select(package => $"{package.Name} {package.Version} {package.Architecture}").Order(StringComparer.Ordinal));

        string files = Peer.Run("rpm", "--dbpath", directory["db"], "-qa", "--qf", "[%{=NAME} %{=SOURCERPM} %{FILENAMES}\n]").Succeeded();
        Assert.Equal(
            files.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            RpmDatabase.ParseContent(File.ReadAllBytes(database))
                .SelectMany(package => package.Paths.Select(path => $"{package.Name} {package.Source}-{packages.Find(known => known.Name == package.Name).Version.Split(':')[^1]}.src.rpm {path}"))
                .Order(StringComparer.Ordinal));

        // Damaged, it gives the one error or fewer packages, and nothing else.
        byte[] good = File.ReadAllBytes(database);
        var random = new Random(11);
        for (int round = 0; round < 300; round++)
        {
            byte[] bad = [.. good];
            for (int i = 0; i < 20; i++)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            try
            {
                ReadOnlyMemory<byte> damaged = round % 3 == 0 ? bad.AsMemory(0, random.Next(bad.Length)) : bad;
                _ = RpmDatabase.ParseContent(damaged);
                _ = RpmDatabase.Parse(damaged);
            }
            catch (ImportException)
            {
            }
        }
    }

    [Fact]
    public void Pages_that_all_lead_to_the_same_next_one_are_refused()
    {
        byte[] database = MakeDatabase(pages: 12);
        for (int page = 2; page < 12; page++)
        {
            Span<byte> interior = PageOf(database, page);
            interior[0] = 5;
            BinaryPrimitives.WriteUInt16BigEndian(interior[3..], 250);
            BinaryPrimitives.WriteInt32BigEndian(interior[8..], page + 1);
            for (int cell = 0; cell < 250; cell++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(interior[(12 + (cell * 2))..], 8); // the last pointer is each of the others too
            }
        }

        PageOf(database, 12)[0] = 13;

        Assert.Equal("pages of the rpm database are in more than one place", Assert.Throws<ImportException>(() => RpmDatabase.Parse(database)).Message);
    }

    [Fact]
    public void An_overflow_page_that_names_itself_is_refused()
    {
        byte[] database = MakeDatabase(pages: 8);
        AddRow(PageOf(database, 2), 10, [0x9f, 0x20, 1], 0); // 4000 bytes, of which 444 are in the page
        BinaryPrimitives.WriteInt32BigEndian(PageOf(database, 2)[(10 + 3 + 444)..], 3);
        BinaryPrimitives.WriteInt32BigEndian(PageOf(database, 3), 3);

        Assert.Equal("pages of the rpm database are in more than one place", Assert.Throws<ImportException>(() => RpmDatabase.Parse(database)).Message);
    }

    [Fact]
    public void Cells_that_are_all_the_same_row_are_refused()
    {
        byte[] database = MakeDatabase(pages: 3);
        Span<byte> leaf = PageOf(database, 2);
        AddRow(leaf, 500, [10, 1, 1], 0);
        BinaryPrimitives.WriteUInt16BigEndian(leaf[3..], 200);
        for (int cell = 0; cell < 200; cell++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(leaf[(8 + (cell * 2))..], 500);
        }

        Assert.Equal("a row of the rpm database has an impossible size", Assert.Throws<ImportException>(() => RpmDatabase.Parse(database)).Message);
    }

    [Fact]
    public void A_header_shorter_than_its_own_size_is_refused()
    {
        byte[] database = MakeDatabase(pages: 2);
        AddRow(PageOf(database, 2), 100, [4, 1, 0x80, 0x01, 0, 0], 0);

        Assert.Equal("a row of the rpm database is malformed", Assert.Throws<ImportException>(() => RpmDatabase.Parse(database)).Message);
    }

    [Fact]
    public void A_difference_tells_added_removed_and_changed_packages()
    {
        PackageDiff diff = PackageDiff.Compare(
            [new("a", "1", "amd64"), new("b", "1", "amd64"), new("c", "1", "amd64")],
            [new("b", "2", "amd64"), new("c", "1", "amd64"), new("d", "1", "all")]);

        Assert.Equal(["d"], diff.Added.Select(package => package.Name));
        Assert.Equal(["a"], diff.Removed.Select(package => package.Name));
        Assert.Equal([("b", "1", "2")], diff.Changed.Select(change => (change.New.Name, change.Old.Version, change.New.Version)));
    }

    // A database of pages of 512 bytes whose table Packages begins on the second.
    private static byte[] MakeDatabase(int pages)
    {
        byte[] database = new byte[pages * 512];
        "SQLite format 3\0"u8.CopyTo(database);
        BinaryPrimitives.WriteUInt16BigEndian(database.AsSpan(16), 512);
        byte[] record = [6, 23, 29, 29, 1, 13, .. "table"u8, .. "Packages"u8, .. "Packages"u8, 2];
        AddRow(database.AsSpan(0, 512), 400, [(byte)record.Length, 1, .. record], 100);
        return database;
    }

    private static Span<byte> PageOf(byte[] database, int number) => database.AsSpan((number - 1) * 512, 512);

    // Makes a page a leaf with one cell.
    private static void AddRow(Span<byte> page, int at, ReadOnlySpan<byte> cell, int start)
    {
        page[start] = 13;
        BinaryPrimitives.WriteUInt16BigEndian(page[(start + 3)..], 1);
        BinaryPrimitives.WriteUInt16BigEndian(page[(start + 8)..], (ushort)at);
        cell.CopyTo(page[at..]);
    }

    private static void BuildAndInstall(TestDirectory directory, string name, string version, int? epoch, int extra)
    {
        string spec = directory.Write($"{name}.spec", $"""
            Name: {name}
            Version: {version}
            Release: 1
            {(epoch is { } number ? $"Epoch: {number}" : "")}
            Summary: a package for a test
            License: none
            BuildArch: noarch
            %description
            {new string('x', extra * 400)}
            %install
            mkdir -p %{"{"}buildroot{"}"}/usr/share/{name}
            echo x > %{"{"}buildroot{"}"}/usr/share/{name}/file
            echo x > %{"{"}buildroot{"}"}/usr/share/{name}-beside
            %files
            /usr/share/{name}
            /usr/share/{name}-beside
            """);
        Peer.Run("rpmbuild", "-bb", "--quiet", "--define", $"_topdir {directory["build"]}", "--define", "_build_id_links none", spec).Succeeded();
        string package = Directory.GetFiles(directory["build/RPMS"], $"{name}-{version}-*.rpm", SearchOption.AllDirectories).Single();
        Peer.Run("rpm", "--dbpath", directory["db"], "--justdb", "--nodeps", "--nosignature", "-i", package).Succeeded();
    }
}
