// Source-generated reading of the agent's settings.
using Tomlyn.Model;
using Tomlyn.Serialization;

namespace Bootc.Updates.Agent;

[TomlSerializable(typeof(TomlTable))]
internal sealed partial class AgentToml : TomlSerializerContext;
