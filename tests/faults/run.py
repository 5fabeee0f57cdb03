"""One run: load beside faults, then quiet, then the verdict."""

import asyncio
import time
from dataclasses import dataclass

import httpx
from temporalio.client import Client

from tests.faults.actions import Actions, Fired
from tests.faults.calls import Caller
from tests.faults.invariants import Breach, Invariants
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.payments import Excuses, losses
from tests.faults.plan import Fault
from tests.faults.record import Record
from tests.faults.recovery import Recoveries, Recovery
from tests.faults.subject import Subject, Tell

_SETTLED_EVERY_S = 0.5
_DISPATCHED_WITHIN_S = 10.0
"""After the last recovery, every row that was accepted is dispatched within so much."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`seconds` of load at `rate` submissions a second; `deadline_s` from its end until everything must be over."""

    seed: int
    seconds: float
    rate: float
    faults: tuple[Fault, ...]
    deadline_s: float


@dataclass(frozen=True, slots=True)
class Summary:
    wish: Wish
    fired: list[Fired]
    recoveries: list[Recovery]
    breaches: list[Breach]
    ledger: Ledger
    calls: int
    """To the provider."""
    began_at: float
    settled_s: float
    """From the end of the load until nothing was open."""

    @property
    def misfires(self) -> list[Fired]:
        return [fired for fired in self.fired if not fired.evidence]

    @property
    def is_clean(self) -> bool:
        """Every planned fault took effect, and every invariant held."""
        all_fired = len(self.fired) == len(self.wish.faults) and not self.misfires
        return all_fired and not any(breach.cases for breach in self.breaches)


async def run(subject: Subject, wish: Wish, tell: Tell = lambda _: None) -> Summary:
    """Runs it on a subject that is up. The rows of other runs on it are left out of account."""
    ledger = Ledger(prefix=f"faults-{wish.seed}-{time.time_ns()}-")
    began_at = time.monotonic()
    ends_at = began_at + wish.seconds + wish.deadline_s
    caller = Caller(subject.url, ledger, ends_at)
    record = Record(subject)
    recoveries = Recoveries(subject, record, ledger)
    temporal = await Client.connect(subject.stack.infrastructure.temporal_address, lazy=True)
    invariants = Invariants(record, ledger, temporal, subject.provider)
    load = asyncio.create_task(Load(caller, ledger).run(wish.seed, wish.seconds, wish.rate), name="load")
    try:
        fired = await _fire(Actions(subject), wish.faults, recoveries, tell)
        tell("all faults are over; waiting until nothing is open")
        late = await quiet(invariants, ends_at)
        await load
        settled_s = time.monotonic() - began_at - wish.seconds
        async with httpx.AsyncClient(base_url=subject.direct_url, timeout=10, trust_env=False) as api:
            breaches = await invariants.check(api, Excuses(losses(fired), await invariants.unheard()))
        breaches.append(Breach("undispatched 10 s after the last recovery", tuple(late)))
        calls = sum(subject.provider.seen[token].count for order in ledger.orders.values() for token in order.tokens)
        return Summary(wish, fired, recoveries.measured, breaches, ledger, calls, began_at, settled_s)
    finally:
        load.cancel()
        await caller.close()
        await record.close()


async def _fire(actions: Actions, faults: tuple[Fault, ...], recoveries: Recoveries, tell: Tell) -> list[Fired]:
    """Each fault at its time, one after another on one target; returns when the product has recovered from all."""
    began_at = time.monotonic()
    targets = {fault.target: asyncio.Lock() for fault in faults}
    fired: list[Fired] = []

    async def one(fault: Fault) -> None:
        await asyncio.sleep(began_at + fault.at_s - time.monotonic())
        async with targets[fault.target]:
            held = await recoveries.before(fault)
            try:
                done = await actions.fire(fault)
            except Exception as error:  # whatever it was, this fault has tested nothing, and the run is to say so
                tell(f"{fault}: {error!r}")
                done = Fired(fault, time.monotonic(), time.monotonic(), "")
        fired.append(done)
        tell(f"{fault}: {done.evidence or 'DID NOT FIRE'}")
        await recoveries.after(done, held)

    async with asyncio.TaskGroup() as group:
        for fault in faults:
            group.create_task(one(fault), name=str(fault))
    return sorted(fired, key=lambda each: each.began_at)


async def quiet(invariants: Invariants, ends_at: float) -> list[str]:
    """Waits until nothing is open, or the deadline. Returns the rows that were not dispatched in due time."""
    began_at = time.monotonic()
    late: set[str] = set()
    while time.monotonic() < ends_at and await _is_unsettled(invariants):
        if time.monotonic() - began_at > _DISPATCHED_WITHIN_S:
            late.update(await invariants.undispatched())
        await asyncio.sleep(_SETTLED_EVERY_S)
    return sorted(late)


async def _is_unsettled(invariants: Invariants) -> bool:
    return bool(await invariants.unsettled())
