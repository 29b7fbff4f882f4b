"""Published accounts (公示): what came in, what was paid, how many people were helped, what the fund holds.

In: closed months of the books, and the payouts of those months.
Out: a page that anybody may read, without a word about any person.
"""
