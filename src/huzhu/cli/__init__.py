"""The shell's face: one door, huzhu, with a verb for each thing a person may want.

In: words on the command line, scheme files, facts as JSON.
Out: slips, verdicts and JSON on standard output; complaints on standard error; an exit status that says it.
"""
