"""Whether the site is well.

In: what the rooms know of database, disk, queue, worker, chain and backups.
Out: JSON for machines that says no more than words, and a page for the administrator that says what to do.
"""
