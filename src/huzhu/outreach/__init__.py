"""Outreach: visits to employers, what they lead to, talks and publicity days, yearly targets.

In: visits and calls as they happen, who looks after which employer, what was agreed and until when.
Out: the work list, the funnel from visit to payment, progress towards the target.
"""
