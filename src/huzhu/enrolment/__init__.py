"""Rosters in, cover out.

In: an employer's Excel sheet.
Out: rows with what is wrong at each cell; enrolments with cover; certificates.
"""
