"""What is due for a roster, who pays which part, what was received.

In: split rules, receipts of the bank.
Out: dues whose shares sum to the fee; cover that begins; entries in the books.
"""
