"""One tree for scope: who stands below whom.

In: names, kinds and parents from set-up and the administrator.
Out: branches, employers and their offices, for anybody who asks for someone.
"""
