import re
import sys
from collections import Counter

WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


def count_words(lines):
    """Count the words in some lines, treating upper and lower case alike."""
    counts = Counter()
    for line in lines:
        counts.update(WORD.findall(line.lower()))
    return counts


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: word_frequency.py FILE")
    with open(sys.argv[1], encoding="utf-8") as book:
        counts = count_words(book)
    for word, count in counts.most_common(10):
        print(f"{count:>6}  {word}")


if __name__ == "__main__":
    main()
