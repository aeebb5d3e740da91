namespace ServerSentEvents.Testing;

/// <summary>Reads options by reflection, so that a new option fails a test until its default is asserted.</summary>
public static class OptionValues
{
    public static IDictionary<string, object?> Of(object options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.GetType().GetProperties().ToDictionary(property => property.Name, property => property.GetValue(options));
    }
}
