"""The product over HTTP, and nothing of the product itself: every call becomes a call of `EnrichmentQueue`.

- `app`: composition root, `create_app(settings)`; `server`: uvicorn as we run it, `python -m api`
- `middleware`: what happens around every request: limits, headers, HEAD, the last resort
- `queries`, `bodies`, `parameters`: what a request may say; `reader`: the one reader of JSON bodies
- `answers`: the shapes that go out; `problems`: every failure as problem+json
- `routes`: the calls, by resource; `stream`: a job's progress as server-sent events; `metrics`: Prometheus
- `openapi`: what the calls look like to a reader; `page`: the page at `/`, three static files
"""
