// The text format of Prometheus, version 0.0.4.
using System.Globalization;
using System.Text;

namespace Bootc.Updates.Http;

/// <summary>Writes metrics one after another: <see cref="Begin"/>, then its samples.</summary>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();
    private string _name = "";

    /// <summary>Begins a metric.</summary>
    public PrometheusText Begin(string name, string type, string help)
    {
        _name = name;
        _text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");
        return this;
    }

    /// <summary>Adds a sample.</summary>
    public PrometheusText Add(double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(_name);
        for (int i = 0; i < labels.Length; i++)
        {
            _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"").Append(Escape(labels[i].Value)).Append('"');
        }

        _text.Append(labels.IsEmpty ? " " : "} ").Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        return this;
    }

    /// <summary>Adds a sample for each value of a label.</summary>
    public void AddAll(string label, IEnumerable<(string Label, double Value)> samples)
    {
        foreach ((string name, double value) in samples)
        {
            Add(value, (label, name));
        }
    }

    /// <summary>Adds the samples of a histogram.</summary>
    /// <param name="bounds">The upper bounds of its buckets but the last, which has none.</param>
    /// <param name="counts">How many values are in each bucket and in no lower one.</param>
    /// <param name="sum">The sum of all values.</param>
    public void AddHistogram(IReadOnlyList<double> bounds, IReadOnlyList<long> counts, double sum)
    {
        string name = _name;
        long below = 0;
        _name = name + "_bucket";
        for (int i = 0; i < counts.Count; i++)
        {
            below += counts[i];
            Add(below, ("le", i < bounds.Count ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf"));
        }

        _name = name + "_sum";
        Add(sum);
        _name = name + "_count";
        Add(below);
    }

    public override string ToString() => _text.ToString();

    private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
