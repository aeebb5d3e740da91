namespace ServerSentEvents.Internal.Channels;

/// <summary>An extension method that removes items from lists, and frees the memory that large lists no longer need.</summary>
internal static class ListExtensions
{
    /// <summary>A list of at most this capacity is not made smaller.</summary>
    private const int SmallEnough = 64;

    /// <summary>Removes the last item, and frees memory if less than a quarter of the list is used.</summary>
    internal static void RemoveLast<T>(this List<T> list)
    {
        list.RemoveAt(list.Count - 1);
        if (list.Capacity > SmallEnough && list.Count < list.Capacity / 4)
            list.Capacity = list.Count;
    }
}
