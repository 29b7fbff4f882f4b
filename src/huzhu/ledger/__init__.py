"""The books, and their only writer.

In: a source, a debit, a credit, an amount.
Out: entries that balance by construction and cannot be changed; sums of accounts.
"""
