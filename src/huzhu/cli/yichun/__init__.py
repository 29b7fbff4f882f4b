"""The demonstration: Yichun's real shape, generated people, and one member's story told by the ordinary verbs.

In: a seed and an empty database.
Out: a site to look around in; the published figures come about here and are known nowhere else.
"""
