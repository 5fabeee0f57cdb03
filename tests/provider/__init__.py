"""A provider of models for tests: a real HTTP server that speaks OpenAI's chat completions, with all their failures.

scenarios   what it can do to a request, by name; a candidate names what becomes of its requests
answers     what an honest model would write of the candidate in the request
anthropic   the same in Anthropic's protocol
server      the server: it counts requests, and notices connections that are closed
"""

from tests.provider.server import Provider, providing

__all__ = ["Provider", "providing"]
"""`python -m tests.provider --port N` runs it alone."""
