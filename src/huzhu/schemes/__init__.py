"""The scheme editions on the shelf: found, read, proved and run against their worked examples.

In: YAML files under schemes/, or a path somebody names.
Out: proved editions in a reading; the verdict on a file with every problem at its line.
"""
