"""What banks send and take: statements read line by line, and the forms of files, each bank's as data.

In: a bank's statement, a form for its files.
Out: statement lines, each once; a balance that follows from the one before.
"""
