"""What the fund decides and why.

In: claims that were reported up, and every enrolment that covers them.
Out: amounts with their reasoning, decided by people, never the same person twice.
"""
