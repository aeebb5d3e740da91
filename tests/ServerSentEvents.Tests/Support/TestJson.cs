using System.Text.Json.Serialization;

namespace ServerSentEvents.Tests;

internal sealed record Note(string Text, int Number);

[JsonSerializable(typeof(Note))]
internal sealed partial class TestJson : JsonSerializerContext;

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(Note))]
internal sealed partial class IndentedJson : JsonSerializerContext;
