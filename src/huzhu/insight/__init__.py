"""Read-only views over all rooms: what waits for whom, and the leader's figures.

In: a person, a day, a branch of the tree.
Out: figures that anybody can open down to their rows; nothing is ever written.
"""
