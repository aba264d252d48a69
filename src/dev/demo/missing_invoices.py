def missing_invoices(sent, paid):
    """Return the invoices that were sent and never paid, in the order sent."""
    missing = []
    for number in sent:
        if number not in paid and number not in missing:
            missing.append(number)
    return missing


def reminder(number):
    """Return the polite line that goes in the email."""
    return f"Our records show that invoice {number} is still open."


if __name__ == "__main__":
    sent = list(range(1000, 1020))
    paid = [number for number in sent if number % 4]
    for number in missing_invoices(sent, paid):
        print(reminder(number))
