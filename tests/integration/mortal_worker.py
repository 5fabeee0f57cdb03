"""`mortal_worker.py answered|stored`: a worker that is killed once for each job, beside the answer it has paid for.

answered    the provider has answered, and nothing of it is stored yet
stored      the answer is stored, and the job does not know of it yet
"""

import os
import signal
import sys
from typing import Any

import worker.__main__
from enrichment import events
from enrichment.enrichers.llm.memory import Memory

keep = Memory.keep


async def keep_and_die(memory: Memory, *of_an_answer: Any) -> None:
    is_first = memory.asker.attempt == 1
    if is_first and sys.argv[1] == "answered":
        os.kill(os.getpid(), signal.SIGKILL)
    await keep(memory, *of_an_answer)
    if is_first:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    events.configure()
    Memory.keep = keep_and_die  # type: ignore[method-assign, assignment]
    worker.__main__.run()
