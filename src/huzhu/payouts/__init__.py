"""Money out, exactly once.

In: final decisions.
Out: batches, bank files, replies; paid or failed in the bank's words.
"""
