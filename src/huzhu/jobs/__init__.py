"""Long work that a worker does while people go on: a queue in the database, with progress, lease and retry.

In: what is to be done, about what, for whom; a worker that asks for the next one.
Out: how far it is, how it ended, where the result stands.
"""
