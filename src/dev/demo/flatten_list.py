def flatten(items):
    """Return every value in a list of lists, however deeply they are nested."""
    flat = []
    for item in items:
        if isinstance(item, list):
            flat.extend(flatten(item))
        else:
            flat.append(item)
    return flat


def depth(items):
    """Return how many lists deep the deepest value is."""
    if not isinstance(items, list):
        return 0
    return 1 + max((depth(item) for item in items), default=0)


if __name__ == "__main__":
    nested = [1, [2, [3, 4], []], [[["five"]]]]
    print(flatten(nested))
    print(depth(nested))
