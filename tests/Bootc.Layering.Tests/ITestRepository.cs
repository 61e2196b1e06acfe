// What cases for both package systems need of a repository.
namespace Bootc.Layering.Tests;

/// <summary>A repository whose packages and keys a test makes.</summary>
internal interface ITestRepository
{
    /// <summary>Its directory.</summary>
    string Path { get; }

    /// <summary>Makes a package and lists it.</summary>
    void Bring(string name, string version, Dictionary<string, string>? files = null);

    /// <summary>Lists a package no more.</summary>
    void Take(string name, string version);

    /// <summary>Writes and signs the lists.</summary>
    void Publish(string signer = "test");

    /// <summary>Makes another key.</summary>
    string MakeKey(string name);
}
