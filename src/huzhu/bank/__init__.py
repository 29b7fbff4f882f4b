"""What banks send and take: statements line by line, forms of files as data, their seal; and the brake on all that leaves.

In: a bank's statement, a form for its files, a stop.
Out: statement lines, each once; a balance that follows from the one before; the same file each time, or none.
"""
