// A session as loginctl(1) lists it.
namespace Bootc.Updates.Agent;

/// <summary>A session of a user.</summary>
/// <param name="User">The user.</param>
/// <param name="Tty">The terminal, below /dev; <see langword="null"/> for a session without one.</param>
internal sealed record LoginSession(string? User, string? Tty);
