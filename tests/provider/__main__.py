"""`python -m tests.provider --port N`: the provider as a process of its own, until it is ended."""

import argparse
import asyncio
import sys

from tests.provider.server import providing


async def main(port: int) -> None:
    async with providing(port) as provider:
        sys.stdout.write(f"ready {provider.base_url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(main(parser.parse_args().port))
