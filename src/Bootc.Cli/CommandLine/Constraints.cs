// What values options accept and which options exclude each other, with messages for people.
using System.CommandLine;
using System.CommandLine.Parsing;

namespace Bootc.Cli.CommandLine;

internal static class Constraints
{
    /// <summary>Accepts only these values, and offers them for completion.</summary>
    public static Option<string?> OneOf(this Option<string?> option, params string[] values)
    {
        option.CompletionSources.Add(values);
        option.Validators.Add(result => CheckValue(result, result.Tokens, option.Name, values));
        return option;
    }

    /// <summary>Accepts only these values, and offers them for completion.</summary>
    public static Argument<string> OneOf(this Argument<string> argument, params string[] values)
    {
        argument.CompletionSources.Add(values);
        argument.Validators.Add(result => CheckValue(result, result.Tokens, argument.Name, values));
        return argument;
    }

    /// <summary>Reads a whole number that is not negative.</summary>
    public static Option<int?> Number(this Option<int?> option)
    {
        option.CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number))
            {
                return number;
            }

            result.AddError($"{option.Name} takes a number, not '{result.Tokens[0].Value}'");
            return null;
        };
        return option;
    }

    /// <summary>Reads a size in mebibytes, or with the unit M, G or T, as bytes.</summary>
    public static Option<long?> Size(this Option<long?> option)
    {
        option.CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            int shift = text.Length == 0 ? 0 : text[^1] switch { 'G' => 30, 'T' => 40, _ => 20 };
            if (long.TryParse(text.TrimEnd('M', 'G', 'T'), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long number) && number > 0 && number <= long.MaxValue >> shift)
            {
                return number << shift;
            }

            result.AddError($"{option.Name} takes a number of mebibytes, or one with the unit M, G or T, not '{text}'");
            return null;
        };
        return option;
    }

    /// <summary>Refuses a command line that has two of these options.</summary>
    public static void Exclude(this Command command, params Option<bool>[] options) => command.Validators.Add(result =>
    {
        Option<bool>[] given = [.. options.Where(result.GetValue)];
        if (given.Length > 1)
        {
            result.AddError($"{given[0].Name} and {given[1].Name} exclude each other");
        }
    });

    /// <summary>Refuses a command line that has both of these options.</summary>
    public static void Exclude(this Command command, Option<bool> flag, Option<string?> option) => command.Validators.Add(result =>
    {
        if (result.GetValue(flag) && result.GetResult(option) is { Implicit: false })
        {
            result.AddError($"{flag.Name} and {option.Name} exclude each other");
        }
    });

    private static void CheckValue(SymbolResult result, IReadOnlyList<Token> tokens, string name, string[] values)
    {
        if (tokens.FirstOrDefault(token => !values.Contains(token.Value, StringComparer.Ordinal)) is { } wrong)
        {
            string meant = Spelling.FindNearest(wrong.Value, values) is { } nearest ? $"; did you mean '{nearest}'?" : "";
            result.AddError($"{name} is one of {string.Join(", ", values)}, not '{wrong.Value}'{meant}");
        }
    }
}
