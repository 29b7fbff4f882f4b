"""Setting up and keeping house: the first start, the tree, people and their passwords, the calendar, publishing.

In: requests of the first person, of administrators and policy staff, of people with a link.
Out: pages.
"""
