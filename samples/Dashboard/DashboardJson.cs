using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dashboard;

/// <summary>How events are written as JSON, by code that the compiler makes.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(State))]
internal sealed partial class DashboardJson : JsonSerializerContext;
