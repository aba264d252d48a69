import random
import time


def retry(times, delay=0.1):
    """Call a function again when it fails, waiting twice as long each time."""

    def decorator(function):
        def wrapper(*args, **kwargs):
            wait = delay
            for attempt in range(1, times + 1):
                try:
                    return function(*args, **kwargs)
                except OSError:
                    if attempt == times:
                        raise
                    time.sleep(wait)
                    wait *= 2

        return wrapper

    return decorator


@retry(times=5)
def read_sensor():
    """Read the temperature from a sensor that does not always answer."""
    if random.random() < 0.4:
        raise ConnectionError("the sensor did not answer")
    return round(random.uniform(18, 24), 1)


if __name__ == "__main__":
    print(f"{read_sensor.__name__}: {read_sensor()}")
