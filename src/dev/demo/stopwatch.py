import time
from contextlib import contextmanager


@contextmanager
def stopwatch(label):
    """Print how long the block took, even when it raises."""
    start = time.perf_counter()
    try:
        yield
    finally:
        elapsed = time.perf_counter() - start
        print(f"{label}: {elapsed * 1000:.1f} ms")


if __name__ == "__main__":
    numbers = range(200_000)

    with stopwatch("loop"):
        squares = []
        for number in numbers:
            squares.append(number * number)

    with stopwatch("comprehension"):
        squares = [number * number for number in numbers]
