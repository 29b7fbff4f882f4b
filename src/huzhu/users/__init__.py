"""Logins of staff, the roles they act in, and what each role may do.

In: names, passwords, roles at organisations.
Out: who may do what, and a refusal that says why not.
"""
