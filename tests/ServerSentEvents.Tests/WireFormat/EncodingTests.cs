using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>Tests the encoding. Some tests loop over a list, because an attribute cannot hold a lone surrogate.</summary>
public sealed class EncodingTests
{
    private static readonly (string Text, string WellFormed)[] LoneSurrogates =
    [
        ("\uD83D", "\uFFFD"),
        ("\uDE00", "\uFFFD"),
        ("a\uD83Db", "a\uFFFDb"),
        ("\uDE00\uD83D", "\uFFFD\uFFFD"),
        ("\uD83D\uD83D\uDE00", "\uFFFD\U0001F600"),
        ("\uD83D\uDE00\uDE00", "\U0001F600\uFFFD"),
        ("\U0001F600\U0001F680 \uD83D \u00E9", "\U0001F600\U0001F680 \uFFFD \u00E9"),
    ];

    [Fact]
    [Trait("Statement", "1")]
    public async Task Publish_LoneSurrogateInData_WritesReplacementCharacter()
    {
        foreach (var (text, wellFormed) in LoneSurrogates)
            (await Wire.TextOf(text)).Should().Be($"data: {wellFormed}\n\n");
    }

    [Fact]
    [Trait("Statement", "1")]
    public async Task Publish_LoneSurrogateInType_WritesReplacementCharacter()
    {
        foreach (var (text, wellFormed) in LoneSurrogates)
            (await Wire.TextOf(new SseItem<string>("x", text))).Should().Be($"event: {wellFormed}\ndata: x\n\n");
    }

    [Fact]
    [Trait("Statement", "1")]
    public async Task PublishComment_LoneSurrogate_WritesReplacementCharacter()
    {
        foreach (var (text, wellFormed) in LoneSurrogates)
            (await Wire.TextOfComment(text)).Should().Be($": {wellFormed}\n");
    }

    [Fact]
    [Trait("Statement", "1")]
    public async Task Publish_LineEndInsideSurrogatePair_WritesTwoReplacementCharacters()
    {
        (await Wire.TextOf("\uD83D\n\uDE00")).Should().Be("data: \uFFFD\ndata: \uFFFD\n\n");
        (await Wire.TextOfComment("\uD83D\r\n\uDE00")).Should().Be(": \uFFFD\n: \uFFFD\n");
    }

    [Fact]
    [Trait("Statement", "1")]
    public async Task AsItems_LoneSurrogate_GivesTheSameBytesAsText()
    {
        foreach (var (text, _) in LoneSurrogates)
        {
            var item = new SseItem<string>(text, text);
            Wire.StrictUtf8.GetBytes(await Wire.TextOf(item)).Should().Equal(await Wire.BytesByBcl(item));
        }
    }

    [Theory]
    [Trait("Statement", "1")]
    [InlineData("\U0001F600")]
    [InlineData("a\U0001F600\U0010FFFFz")]
    [InlineData("\uFFFD \uFFFE \uE000 \u00E9 \0")]
    public async Task Publish_WellFormedText_WritesItUnchanged(string text)
    {
        (await Wire.TextOf(text)).Should().Be($"data: {text}\n\n");
        (await Wire.TextOfComment(text)).Should().Be($": {text}\n");
    }

    [Fact]
    [Trait("Statement", "1")]
    public async Task Publish_ByteOrderMark_WritesItOnlyIfTheDataHasOne()
    {
        Encoding.UTF8.GetBytes(await Wire.TextOf("a")).Should().Equal("data: a\n\n"u8.ToArray());
        (await Wire.TextOf("\uFEFFa")).Should().Be("data: \uFEFFa\n\n");
    }
}
