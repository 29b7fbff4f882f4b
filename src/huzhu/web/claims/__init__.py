"""Claims on the phone, at the counter, at the agency and at the province.

In: requests of people who signed in.
Out: pages.
"""
