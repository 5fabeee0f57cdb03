"""The calls, by resource. A route reads its request, asks the queue, and sends the answer."""

from api.routes import actions, candidates, codec, dashboard, docs, enrichment, jobs, operations, page, reviews, session

_MODULES = (enrichment, actions, jobs, reviews, candidates, dashboard, operations, codec, session, page, docs)
ROUTERS = tuple(module.router for module in _MODULES)
