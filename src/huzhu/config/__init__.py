"""What a site sets and how its parts are joined: settings, addresses, the server's entry point.

In: the environment, nothing else; every room may be named here.
Out: Django's settings, the URLconf, the WSGI application. Nobody imports this room.
"""
