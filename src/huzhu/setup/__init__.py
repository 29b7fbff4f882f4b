"""A blank database becomes a working office, and its tree and people are kept in order.

In: an administrator's words and lists, once a code from the shell.
Out: places, logins and roles, each change within the branch and written down; what is still missing to be in business.
"""
