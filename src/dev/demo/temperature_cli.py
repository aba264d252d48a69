import argparse


def to_fahrenheit(celsius):
    return celsius * 9 / 5 + 32


def to_celsius(fahrenheit):
    return (fahrenheit - 32) * 5 / 9


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description="Convert temperatures.")
    parser.add_argument("degrees", type=float, nargs="+", help="the temperatures")
    parser.add_argument(
        "-t", "--to", choices=["c", "f"], default="c", help="the scale to convert to"
    )
    return parser.parse_args(argv)


def main():
    args = parse_args()
    convert = to_celsius if args.to == "c" else to_fahrenheit
    for degrees in args.degrees:
        print(f"{convert(degrees):.1f}°{args.to.upper()}")


if __name__ == "__main__":
    main()
