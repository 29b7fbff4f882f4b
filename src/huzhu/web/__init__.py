"""The face for people: pages in Chinese, rendered on the server.

In: requests of browsers, and the clock, read once and handed down.
Out: pages that work without scripts and answer bad figures at the field.
"""
