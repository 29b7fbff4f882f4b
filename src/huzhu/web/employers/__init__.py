"""Pages of employers: the list, one with everything about it, and the statistics of earlier years.

In: requests of clerks, leaders and the employer's own clerk.
Out: pages, workbooks, papers that prove a head count.
"""
