using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ServerSentEvents.Internal.Events;

/// <summary>A value as JSON on one line, in a pooled buffer. Dispose it after use.</summary>
internal sealed class JsonLine : IBufferWriter<byte>, IDisposable
{
    /// <summary>The reason for the annotations of public methods that take <see cref="JsonSerializerOptions"/>.</summary>
    internal const string NotForTrimming =
        "JSON serialization of a type without type information may need code that is trimmed or generated at run time. "
        + "Use the overload that takes a JsonTypeInfo<T>.";

    /// <summary>The size of the first buffer, and the most that the writer asks for without need.</summary>
    private const int SmallBuffer = 4_096;

    /// <summary>The bytes of UTF-8 that the writer reserves for one UTF-16 character.</summary>
    private const int MaxBytesPerCharacter = 3;

    /// <summary>An instance for the next use on this thread; null while a converter can be running.</summary>
    [ThreadStatic]
    private static JsonLine? _unused;

    private readonly Utf8JsonWriter _writer;
    private readonly JavaScriptEncoder? _encoder;
    private readonly int _maxDepth;

    private byte[] _buffer = [];
    private int _length;
    private int _maxLength;
    private bool _isTooLong;

    /// <summary>Creates a writer with those of the serializer's options that add no line ends.</summary>
    private JsonLine(JavaScriptEncoder? encoder, int maxDepth)
    {
        _encoder = encoder;
        _maxDepth = maxDepth;
        _writer = new Utf8JsonWriter(this, new JsonWriterOptions { Encoder = encoder, MaxDepth = maxDepth });
    }

    internal ReadOnlySpan<byte> Utf8 => _buffer.AsSpan(0, _length);

    /// <summary>Serializes a value. Runs converters, so call it outside every lock.</summary>
    /// <exception cref="ArgumentException">
    /// The JSON is certainly longer than <paramref name="maxLength"/> bytes. The rest was not serialized. JSON that is slightly too long
    /// is returned: check its length.
    /// </exception>
    internal static JsonLine Serialize<T>(T value, JsonTypeInfo<T> typeInfo, int maxLength, string paramName)
    {
        var line = For(typeInfo.Options);
        try
        {
            line._maxLength = maxLength;
            line.Write(value, typeInfo, paramName);
            return line;
        }
        catch
        {
            line.Dispose();
            throw;
        }
    }

    /// <summary>Returns the type information that the serializer keeps with the options.</summary>
    [RequiresUnreferencedCode(NotForTrimming)]
    [RequiresDynamicCode(NotForTrimming)]
    internal static JsonTypeInfo<T> TypeInfo<T>(JsonSerializerOptions? options)
    {
        options ??= JsonSerializerOptions.Default;
        // Only read-only options cache their type information. The serializer makes them read-only as well.
        options.MakeReadOnly(populateMissingResolver: true);
        return (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
    }

    /// <summary>Refuses a lambda that was meant for an overload that calls it.</summary>
    /// <exception cref="ArgumentException">The value is a delegate.</exception>
    internal static void ThrowIfFunction<T>(T value, string paramName)
    {
        if (value is Delegate || typeof(Delegate).IsAssignableFrom(typeof(T)))
        {
            throw new ArgumentException(
                "A function cannot be sent as JSON. A function of a subscriber's properties that returns an object of a class "
                + "fits the overload Publisher<TProperties>.PublishJson<T>(Func<TProperties, T?>, ...).",
                paramName);
        }
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override string ToString() => Encoding.UTF8.GetString(_buffer, 0, _length);

    public void Dispose()
    {
        _writer.Reset();
        var buffer = _buffer;
        _buffer = [];
        _length = 0;
        _isTooLong = false;
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
        _unused = this;
    }

    private static JsonLine For(JsonSerializerOptions options)
    {
        var unused = _unused;
        _unused = null;
        return unused is not null && unused._maxDepth == options.MaxDepth && ReferenceEquals(unused._encoder, options.Encoder)
            ? unused
            : new JsonLine(options.Encoder, options.MaxDepth);
    }

    private void Write<T>(T value, JsonTypeInfo<T> typeInfo, string paramName)
    {
        try
        {
            JsonSerializer.Serialize(_writer, value, typeInfo);
            _writer.Flush();
        }
        catch when (_isTooLong)
        {
            // A converter may have wrapped the exception. The documentation promises an ArgumentException.
        }

        if (_isTooLong)
            throw WireFormat.TooLarge(paramName, _maxLength);
        RemoveLineEnds(_buffer.AsSpan(0, _length));
    }

    /// <summary>
    /// Replaces the line ends that a converter wrote as raw JSON. In JSON they are white space: a string has only escaped ones
    /// (RFC 8259, 7).
    /// </summary>
    private static void RemoveLineEnds(Span<byte> json)
    {
        for (int next; (next = json.IndexOfAny((byte)'\r', (byte)'\n')) >= 0; json = json.Slice(next + 1))
            json[next] = (byte)' ';
    }

    /// <summary>Provides room for what the writer is about to write, unless that is certainly too long.</summary>
    private void EnsureRoom(int size)
    {
        if (size > SmallBuffer + (MaxBytesPerCharacter * ((long)_maxLength - _length)))
        {
            _isTooLong = true;
            throw new InvalidOperationException("The JSON is too long.");
        }

        var needed = (long)_length + Math.Max(size, 1);
        if (needed <= _buffer.Length)
            return;

        var doubled = Math.Max(SmallBuffer, Math.Min(2L * _buffer.Length, _maxLength));
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(needed, doubled));
        Utf8.CopyTo(larger);
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
