"""Stored uploads, sealed on disk; spreadsheets read as tables of cells.

In: bytes and a name.
Out: the same bytes, to whoever may see what they belong to; or rows of text.
"""
