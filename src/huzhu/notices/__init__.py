"""The local outbox for messages to phones.

In: a phone, a text, a purpose.
Out: messages that staff and the demo can read.
"""
