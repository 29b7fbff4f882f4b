"""Stored uploads, sealed on disk.

In: bytes and a name.
Out: the same bytes, to whoever may see what they belong to.
"""
