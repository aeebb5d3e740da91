using System.Globalization;
using System.Text;

namespace ServerSentEvents.LoadTest;

/// <summary>Draws the deliveries a second as bars in SVG, readable on light and on dark pages.</summary>
internal static class Picture
{
    private const int Width = 720;
    private const int LabelWidth = 300;
    private const int ValueWidth = 110;
    private const int BarHeight = 22;
    private const int RowHeight = 30;
    private const int TitleHeight = 44;
    private const int Margin = 16;

    private static readonly string Style =
        """
        <style>
          text { font: 14px system-ui, sans-serif; fill: #1f2328; }
          .title { font-weight: 600; }
          .first { fill: #0969da; }
          .other { fill: #8c959f; }
          .paper { fill: #ffffff; }
        </style>
        """;

    internal static string Draw(Options options, IReadOnlyList<KindResult> results)
    {
        var height = (2 * Margin) + (options.Scenarios.Count * (TitleHeight + (results.Count * RowHeight)));
        var svg = new StringBuilder();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\" role=\"img\">");
        Line(svg, $"<title>Deliveries a second to {options.Clients:N0} clients</title>");
        svg.Append(Style).Append('\n');
        Line(svg, $"<rect class=\"paper\" width=\"{Width}\" height=\"{height}\" rx=\"6\"/>");
        var y = Margin;
        foreach (var scenario in options.Scenarios)
            y = DrawScenario(svg, y, options, scenario, results);
        svg.Append("</svg>\n");
        return svg.ToString();
    }

    /// <summary>Draws a scenario, and returns the vertical place where the next scenario begins.</summary>
    private static int DrawScenario(StringBuilder svg, int y, Options options, Scenario scenario, IReadOnlyList<KindResult> results)
    {
        Line(svg, $"<text class=\"title\" x=\"{Margin}\" y=\"{y + 24}\">Deliveries a second, {options.Clients:N0} clients, {scenario.Description}</text>");
        y += TitleHeight;
        var rates = results.Select(result => result.Median(scenario, run => run.DeliveriesPerSecond)).ToList();
        for (var i = 0; i < results.Count; i++)
        {
            var width = rates[i] / rates.Max() * (Width - LabelWidth - ValueWidth - (2 * Margin));
            var baseline = y + (BarHeight / 2) + 5;
            Line(svg, $"<text x=\"{Margin}\" y=\"{baseline}\">{results[i].Kind.Title.Replace("`", "", StringComparison.Ordinal)}</text>");
            Line(svg, $"<rect class=\"{(i == 0 ? "first" : "other")}\" x=\"{Margin + LabelWidth}\" y=\"{y}\" width=\"{width:F1}\" height=\"{BarHeight}\" rx=\"3\"/>");
            Line(svg, $"<text x=\"{Margin + LabelWidth + width + 8:F1}\" y=\"{baseline}\">{rates[i]:N0}</text>");
            y += RowHeight;
        }

        return y;
    }

    private static void Line(StringBuilder svg, FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
