from itertools import count, islice, takewhile


def primes():
    """Yield the prime numbers, for as long as somebody asks for another."""
    found = []
    for candidate in count(2):
        small_enough = takewhile(lambda prime: prime * prime <= candidate, found)
        if all(candidate % prime for prime in small_enough):
            found.append(candidate)
            yield candidate


def twin_primes():
    """Yield the pairs of primes that are two apart."""
    previous = 2
    for prime in islice(primes(), 1, None):
        if prime - previous == 2:
            yield previous, prime
        previous = prime


if __name__ == "__main__":
    print(list(islice(primes(), 20)))
    print(list(islice(twin_primes(), 8)))
