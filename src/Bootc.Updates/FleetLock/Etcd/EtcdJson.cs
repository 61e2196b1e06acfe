// Source-generated JSON of etcd's gateway: names in snake case, whole numbers as strings, bytes in Base64.
using System.Text.Json.Serialization;

namespace Bootc.Updates.FleetLock.Etcd;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString)]
[JsonSerializable(typeof(RangeRequest))]
[JsonSerializable(typeof(RangeResponse))]
[JsonSerializable(typeof(TransactionRequest))]
[JsonSerializable(typeof(TransactionResponse))]
[JsonSerializable(typeof(EtcdFailure))]
internal sealed partial class EtcdJson : JsonSerializerContext;
