"""A scheme edition over millions of rows: SQL from the one tree, on an embedded or a distributed engine.

In: a proved edition of rules, tables of facts as parquet, csv or xlsx; files, but no Django.
Out: fen per claim and benefit, a list of bad rows, differences of a replay, answers to scenarios.
"""
