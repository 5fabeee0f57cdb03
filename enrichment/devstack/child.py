"""A child of the supervisor: started, awaited, restarted when it dies, stopped."""

import asyncio
import time
from collections.abc import Callable, Sequence

from enrichment.devstack.datadir import DataDirectory
from enrichment.devstack.errors import ChildDiedError, StackError
from enrichment.devstack.process import Process, end, outcome
from enrichment.devstack.program import Program, Run

_READY_WITHIN_S = 60.0
"""Also covers PostgreSQL's recovery after a crash and a machine that is busy with something else."""
_START_WAITS_S = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Between the tries of a start that failed for a passing reason."""
_STEADY_S = 5.0
"""A child that lived so long after it answered did not die of its start."""
_RESTART_WAIT_S = 0.1
_RESTART_WAIT_MAX_S = 10.0

Tell = Callable[[str], None]
"""Takes a line of progress for the person who watches."""


class Child:
    """One program and the process that runs it.

    `restarted` is called after each restart, when the new process answers.
    """

    def __init__(self, program: Program, directory: DataDirectory, tell: Tell, restarted: Callable[[], None]) -> None:
        self.program = program
        self._log = directory.log(program.name)
        self._tell = tell
        self._restarted = restarted
        self._process: Process | None = None
        self._pid: int | None = None
        self._new_since = 0.0
        self._settled = False
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The latest process that answered; another one once a restart has succeeded."""
        if self._pid is None:
            raise StackError(f"{self.program.name} has not been started")
        return self._pid

    async def start(self) -> None:
        """Start, return when it answers, and from then on restart it whenever it dies, on the ports of the first start.

        Raises:
            StackError: it did not come up; nothing of it is left running.
        """
        for wait_s in (*_START_WAITS_S, None):
            try:
                await self._launch()
                break
            except ChildDiedError as death:
                if wait_s is None or not death.passing:
                    raise
                await asyncio.sleep(wait_s)
                if not self._settled:
                    self.program.choose_other_ports()
        self._settled = True
        self._keeper = asyncio.create_task(self._keep_running(), name=f"keep {self.program.name} running")

    async def stop(self) -> None:
        """Stop it for good, however far its start or restart has come. Harmless when it does not run."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
            self._keeper = None
        if self._process is not None:
            await end(self._process, self.program.stop)

    async def _keep_running(self) -> None:
        name = self.program.name
        deaths = 0
        while self._process is not None:
            code = await self._process.wait()
            deaths = deaths + 1 if time.monotonic() - self._new_since < _STEADY_S else 1
            self._tell(f"{name} {outcome(code)}: restarting it")
            if deaths > 1:
                await asyncio.sleep(min(_RESTART_WAIT_S * 2.0 ** (deaths - 2), _RESTART_WAIT_MAX_S))
            try:
                await self._launch()
            except Exception as error:  # whatever it was: the next try may succeed, giving up never does
                self._tell(f"{name} did not come back: {error}")
            else:
                self._restarted()

    async def _launch(self) -> None:
        """One try: a process that answers, or an error and no process."""
        await self.program.prepare()
        launched_at = self._new_since = time.monotonic()
        self._process = process = await self.program.spawn(self._log)
        try:
            version = await self._answer(process)
        except BaseException:
            await end(process, self.program.stop)
            raise
        self._pid = process.pid
        self._new_since = time.monotonic()
        took = f"ready in {self._new_since - launched_at:.1f} s"
        self._tell(" ".join(filter(None, (self.program.name, version, took))))

    async def _answer(self, process: Process) -> str:
        """What the program says when it is ready, unless it ends or the time is up before."""
        name = self.program.name
        answer = asyncio.create_task(self.program.ready(Run(process.pid, self._log)))
        death = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({answer, death}, timeout=_READY_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            if death.done():
                message = f"{name} did not start: it {outcome(death.result())}.\n{self._log.tail()}"
                raise ChildDiedError(message, self._log.text())
            if not answer.done():
                raise StackError(f"{name} did not answer within {_READY_WITHIN_S:.0f} s.\n{self._log.tail()}")
            return answer.result()
        finally:
            answer.cancel()
            death.cancel()
            await asyncio.gather(answer, death, return_exceptions=True)


async def start_together(children: Sequence[Child]) -> None:
    """Start children at the same time; when one fails, give up on the others and raise its error."""
    starts = [asyncio.create_task(child.start()) for child in children]
    try:
        await asyncio.gather(*starts)
    except BaseException:
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)
        raise
