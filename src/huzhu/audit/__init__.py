"""Who did what, when, to whom; append-only.

In: an act with its actor and object, in the transaction of the act.
Out: the trail of an object, and a chain that shows tampering.
"""
