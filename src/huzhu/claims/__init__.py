"""What the member says and shows.

In: an event, a settlement sheet, papers.
Out: claims with a checklist, a state and a clock that everybody sees.
"""
