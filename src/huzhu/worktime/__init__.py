"""The working-day calendar and the clocks that run on it.

In: days that differ from the plain week.
Out: deadlines, and working hours left.
"""
