using System.Globalization;
using System.Text;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>Draws the samples of the soak as lines in SVG, readable on light and on dark pages.</summary>
internal static class SoakPicture
{
    private const int Width = 720;
    private const int Margin = 16;
    private const int LabelWidth = 60;
    private const int HeaderHeight = 62;
    private const int ChartHeight = 100;
    private const int RowHeight = ChartHeight + 44;
    private const double Megabyte = 1024 * 1024;

    private static readonly (string Title, Func<Sample, double> Figure)[] Charts =
    [
        ("Memory, MB (dots: after a collection)", sample => sample.ResidentBytes / Megabyte),
        ("Handles", sample => sample.Handles),
        ("Threads", sample => sample.Threads),
        ("Subscriptions", sample => sample.Subscriptions),
    ];

    private static readonly string Style =
        """
        <style>
          text { font: 13px system-ui, sans-serif; fill: #1f2328; }
          .title { font-weight: 600; }
          .paper { fill: #ffffff; }
          .line { fill: none; stroke-width: 1.5; }
          .node1 { stroke: #0969da; }
          .node2 { stroke: #bc4c00; }
          .dot1 { fill: #0969da; }
          .dot2 { fill: #bc4c00; }
          .axis { stroke: #d0d7de; }
        </style>
        """;

    internal static string Draw(SoakOptions options, IReadOnlyList<PhaseResult> results)
    {
        var height = HeaderHeight + (Charts.Length * RowHeight) + Margin;
        var svg = new StringBuilder();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\" role=\"img\">");
        Line(svg, $"<title>The server processes while {options.Clients:N0} clients come and go</title>");
        svg.Append(Style).Append('\n');
        Line(svg, $"<rect class=\"paper\" width=\"{Width}\" height=\"{height}\" rx=\"6\"/>");
        Line(svg, $"<text class=\"title\" x=\"{Margin}\" y=\"28\">{options.Clients:N0} clients, {options.Rate} events a second, {options.Seconds / 60.0:F1} minutes</text>");

        var scale = (Width - (2 * Margin) - LabelWidth) / results.Sum(DurationOf);
        var x = (double)(Margin + LabelWidth);
        foreach (var result in results)
        {
            Line(svg, $"<text x=\"{x + 4:F0}\" y=\"52\">{result.Phase.Name}</text>");
            Line(svg, $"<line class=\"axis\" x1=\"{x:F1}\" x2=\"{x:F1}\" y1=\"40\" y2=\"{height - Margin}\"/>");
            x += DurationOf(result) * scale;
        }

        for (var i = 0; i < Charts.Length; i++)
            DrawChart(svg, HeaderHeight + (i * RowHeight), Charts[i].Title, Charts[i].Figure, i == 0, results, scale);
        svg.Append("</svg>\n");
        return svg.ToString();
    }

    private static void DrawChart(
        StringBuilder svg, int top, string title, Func<Sample, double> figure, bool hasHeap, IReadOnlyList<PhaseResult> results, double scale)
    {
        var most = results.SelectMany(result => result.Nodes).SelectMany(node => node.All).Max(figure);
        var bottom = top + RowHeight - 14;
        Line(svg, $"<text class=\"title\" x=\"{Margin + LabelWidth + 4}\" y=\"{top + 18}\">{title}</text>");
        Line(svg, $"<text x=\"{Margin}\" y=\"{bottom - ChartHeight + 10}\">{most:N0}</text>");
        Line(svg, $"<text x=\"{Margin}\" y=\"{bottom}\">0</text>");
        Line(svg, $"<line class=\"axis\" x1=\"{Margin + LabelWidth}\" x2=\"{Width - Margin}\" y1=\"{bottom}\" y2=\"{bottom}\"/>");
        var left = (double)(Margin + LabelWidth);
        foreach (var result in results)
        {
            for (var i = 0; i < result.Nodes.Count; i++)
            {
                var node = result.Nodes[i];
                // One point for each pixel is enough.
                var step = Math.Max(1, (int)(1 / scale));
                var points = node.All.Where((_, index) => index % step == 0 || index == node.All.Count - 1)
                    .Select(sample => Point(sample.Seconds, figure(sample)));
                Line(svg, $"<polyline class=\"line node{i + 1}\" points=\"{string.Join(' ', points)}\"/>");
                foreach (var (seconds, bytes) in hasHeap ? node.Heap : [])
                    Line(svg, $"<circle class=\"dot{i + 1}\" cx=\"{left + (seconds * scale):F1}\" cy=\"{bottom - (bytes / Megabyte / most * ChartHeight):F1}\" r=\"2.5\"/>");
            }

            left += DurationOf(result) * scale;
        }

        string Point(double seconds, double value) => string.Create(
            CultureInfo.InvariantCulture, $"{left + (seconds * scale):F1},{bottom - (value / most * ChartHeight):F1}");
    }

    private static double DurationOf(PhaseResult result) => result.Nodes.Max(node => node.Heap[^1].Seconds);

    private static void Line(StringBuilder svg, FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
