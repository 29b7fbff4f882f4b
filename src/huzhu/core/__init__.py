"""What every room may lean on and nothing can surprise: money in fen, periods, ciphers, hashing.

In: plain values, and keys as text.
Out: plain values; no Django, no clock, no file, no environment.
"""
