"""The calls, by resource. A route reads its request, asks the queue, and sends the answer."""

from api.routes import actions, codec, dashboard, enrichment, jobs, operations, page, reviews, session

_MODULES = (enrichment, actions, jobs, reviews, dashboard, operations, codec, session, page)
ROUTERS = tuple(module.router for module in _MODULES)
