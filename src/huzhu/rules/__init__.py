"""A scheme edition over one person's facts, to the fen and with its working shown.

In: the text of scheme files with their names, and facts as JSON; no Django, no clock, no file.
Out: editions proved sound or problems with file, line and remedy; outcomes, reasoning, slips.
"""
