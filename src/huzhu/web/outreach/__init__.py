"""Pages of outreach: the work list, a visit in half a minute, the funnel, occasions, targets.

In: requests of clerks of counties and agencies; leaders read.
Out: pages, and the block on their landing pages.
"""
