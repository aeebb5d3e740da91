using System.Text.Json;
using System.Text.Json.Serialization;

namespace ServerSentEvents.Tests;

/// <summary>Serializer options with a converter that a test writes as a lambda.</summary>
internal static class TestConverter
{
    internal static JsonSerializerOptions With<T>(Action<Utf8JsonWriter, T> write) => new() { Converters = { new Converter<T>(write) } };

    private sealed class Converter<T>(Action<Utf8JsonWriter, T> write) : JsonConverter<T>
    {
        public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => write(writer, value);
    }
}
