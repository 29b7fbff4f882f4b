"""The face for programs: the rooms' questions and verbs as JSON, described by an OpenAPI document.

In: a request with a token, which acts in a role and within scopes.
Out: the same answers that the pages give, masked alike; one shape for every refusal.
"""
