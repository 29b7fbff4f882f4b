"""Joining without an employer: the person's own pages, and the agency's desk for them.

In: requests of anybody with a phone; requests of the agency.
Out: pages.
"""
