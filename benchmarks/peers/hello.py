"""FastAPI with nothing behind it: what reading could cost at best. `uvicorn benchmarks.peers.hello:app`."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/hello")
async def hello() -> dict[str, str]:
    return {"hello": "world"}
