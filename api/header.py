"""A request's header, for what is asked of every request: Starlette's own raises and catches where there is none."""

from starlette.requests import Request


def first(request: Request, name: bytes) -> str | None:
    """The first header of this name, which is in lower case."""
    for its_name, value in request.scope["headers"]:
        if its_name == name:
            told: str = value.decode("latin-1")
            return told
    return None
