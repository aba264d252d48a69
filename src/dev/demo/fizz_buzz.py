RULES = [(3, "Fizz"), (5, "Buzz")]


def fizz_buzz(number, rules=RULES):
    """Return the words whose divisors divide number, or the number itself."""
    words = "".join(word for divisor, word in rules if number % divisor == 0)
    return words or str(number)


if __name__ == "__main__":
    for number in range(1, 101):
        print(fizz_buzz(number))
