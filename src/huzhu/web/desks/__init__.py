"""Signing in, the frame of the desks, the landing page of every role.

In: requests of people who signed in.
Out: pages.
"""
