from functools import wraps


def memoise(function):
    """Remember what a function returned, so that it is worked out only once."""
    answers = {}

    @wraps(function)
    def remembered(*args):
        if args not in answers:
            answers[args] = function(*args)
        return answers[args]

    return remembered


@memoise
def fibonacci(n):
    """Return the nth Fibonacci number, counting from fibonacci(0) == 0."""
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)


if __name__ == "__main__":
    print(fibonacci(90))
