import csv


def read_scores(path):
    """Read name,score rows from a file into a dictionary."""
    scores = {}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                name, score = row
                scores[name.strip()] = int(score)
    except:
        print("Something went wrong")
    return scores


def average(scores):
    """Return the mean score, or None when nobody has one."""
    if not scores:
        return None
    return sum(scores.values()) / len(scores)


if __name__ == "__main__":
    scores = read_scores("scores.csv")
    print(f"{len(scores)} scores, average {average(scores)}")
