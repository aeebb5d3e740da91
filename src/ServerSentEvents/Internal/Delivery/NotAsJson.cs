using System.Text.Json;
using System.Text.Json.Serialization;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>
/// A converter that refuses to serialize a subscription as JSON. Otherwise a handler that returns a subscription would send a JSON
/// array of framed events.
/// </summary>
internal sealed class NotAsJson : JsonConverterFactory
{
    /// <inheritdoc/>
    public override bool CanConvert(Type typeToConvert) => true;

    /// <inheritdoc/>
    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException(
            "A subscription cannot be sent as JSON. In ASP.NET Core, return publisher.ToResult(options) or " +
            "subscription.ToResult() of the package ServerSentEvents.AspNetCore from the handler.");
}
