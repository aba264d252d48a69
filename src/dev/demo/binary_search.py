def binary_search(items, target):
    """Return the index of target in a sorted list, or None if it is not there."""
    low = 0
    high = len(items) - 1
    while low < high:
        middle = (low + high) // 2
        if items[middle] == target:
            return middle
        if items[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return None


if __name__ == "__main__":
    years = [1843, 1936, 1952, 1972, 1991, 2015]
    print(binary_search(years, 1952))
    print(binary_search(years, 1991))
    print(binary_search(years, 2000))
