"""What is due for a roster, who pays which part, what was received.

In: ways of sharing, pledges, bank slips, transfers.
Out: dues whose shares sum to the fee; cover that begins; receipts; entries in the books.
"""
