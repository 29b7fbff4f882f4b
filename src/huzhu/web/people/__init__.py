"""Members' own data: what they change on the phone, and the desk where changes are checked and approved.

In: requests of people who signed in.
Out: pages.
"""
