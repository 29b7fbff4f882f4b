"""Persons: workers, their accounts, and how they sign in on a phone.

In: names, identity numbers, phones, accounts.
Out: members found by exact value or last four, masked; the full value by a reasoned, logged act.
"""
