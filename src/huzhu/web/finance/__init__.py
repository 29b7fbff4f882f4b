"""Batches, bank files, the books.

In: requests of people who signed in.
Out: pages.
"""
