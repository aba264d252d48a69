from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    player: str
    points: int
    seconds: float


def ranked(results):
    """Sort by most points; on a draw the quicker player comes first."""
    return sorted(results, key=lambda result: (-result.points, result.seconds))


def leaderboard(results, places=3):
    """Return the top places as lines of text."""
    top = ranked(results)[:places]
    return [
        f"{place}. {result.player} ({result.points} points in {result.seconds:.1f} s)"
        for place, result in enumerate(top, start=1)
    ]


if __name__ == "__main__":
    results = [
        Result("Ada", 40, 61.2),
        Result("Grace", 55, 70.5),
        Result("Linus", 40, 58.9),
        Result("Guido", 35, 44.0),
    ]
    print("\n".join(leaderboard(results)))
