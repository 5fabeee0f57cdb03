"""The calls, by resource. A route reads its request, asks the queue, and sends the answer."""

from api.routes import codec, dashboard, enrichment, jobs, operations, page, reviews, session

ROUTERS = tuple(module.router for module in (enrichment, jobs, reviews, dashboard, operations, codec, session, page))
