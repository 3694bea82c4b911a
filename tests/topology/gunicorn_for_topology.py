"""A WSGI application that records while it is loaded and in every request."""

import agentglass

with agentglass.trace("start"):
    pass


def app(environ, start_response):
    """Answer anything."""
    with agentglass.extract(environ), agentglass.trace(f"serve {environ['PATH_INFO']}"):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]
