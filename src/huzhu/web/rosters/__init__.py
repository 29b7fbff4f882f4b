"""Pages about joining: rosters, dues and receipts, certificates, members.

In: sheets, corrected cells, money the bank tells of.
Out: previews with the error at the cell, papers to print, a public page that checks a certificate.
"""
