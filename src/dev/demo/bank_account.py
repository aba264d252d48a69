import unittest


class BankAccount:
    """An account that holds whole pence and never goes overdrawn."""

    def __init__(self, balance=0):
        self.balance = balance

    def deposit(self, pence):
        if pence <= 0:
            raise ValueError("a deposit must be more than nothing")
        self.balance += pence

    def withdraw(self, pence):
        if pence > self.balance:
            raise ValueError("there is not enough money in the account")
        self.balance -= pence


class BankAccountTest(unittest.TestCase):
    def test_deposit_adds_to_the_balance(self):
        account = BankAccount(500)
        account.deposit(250)
        self.assertEqual(account.balance, 750)

    def test_everything_can_be_withdrawn(self):
        account = BankAccount(500)
        account.withdraw(500)
        self.assertEqual(account.balance, 0)

    def test_overdrawing_leaves_the_balance_alone(self):
        account = BankAccount(500)
        with self.assertRaises(ValueError):
            account.withdraw(501)
        self.assertEqual(account.balance, 500)


if __name__ == "__main__":
    unittest.main()
