def add_item(name, price, basket=[]):
    """Put an item in the basket and give the basket back."""
    basket.append((name, price))
    return basket


def total(basket):
    """Return what the whole basket costs, in pence."""
    return sum(price for _, price in basket)


def receipt(basket):
    """Return the basket as lines of text, with the total at the bottom."""
    lines = [f"{name:<12}{price / 100:>8.2f}" for name, price in basket]
    lines.append(f"{'Total':<12}{total(basket) / 100:>8.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    mine = add_item("Apples", 180)
    add_item("Bread", 145, mine)
    print(receipt(mine))
