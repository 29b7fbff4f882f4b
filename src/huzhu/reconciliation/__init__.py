"""Books, payouts and bank statement held against each other by a path of its own; what differs stops payments until explained.

In: entries, paid payouts, statement lines.
Out: differences with their kind, explained by a person or gone; payouts stopped and let go on.
"""
