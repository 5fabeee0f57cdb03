"""What was paid twice: each question to the provider is asked once, unless something lost its answer meanwhile."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.actions import Fired
from tests.faults.ledger import Ledger
from tests.faults.plan import Kind
from tests.provider.server import Seen

_UNHEARD_S = 6.0
"""After a fault that keeps Temporal from hearing of an attempt, so much later it may still be made again elsewhere."""
_ON_THE_WAY_S = 2.0
"""An answer that the provider has sent may have been on the way for so long: rehearsed pauses fall into its reading."""
_LET_THROUGH_S = 0.5
"""What a link has held comes to the provider so long after it is whole again, though whoever asked may have gone."""
_STOPS_WITHIN_S = 2.0
"""After a cancel that was answered, its job may still ask for so long, and is stopped while it does."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A time in which an answer under way could be lost: a process died, a link broke, the job was cancelled."""

    began_at: float
    over_at: float

    def hits(self, began_at: float, ended_at: float) -> bool:
        return self.began_at <= ended_at + _ON_THE_WAY_S and began_at <= self.over_at


@dataclass(frozen=True, slots=True)
class Excuses:
    """What may cost an answer: losses, and of each candidate, by its token, the attempts that nobody heard of again."""

    losses: list[Loss] = field(default_factory=list)
    unheard: Mapping[str, int] = field(default_factory=dict)


def losses(faults: Iterable[Fired]) -> list[Loss]:
    """Only these faults may cost an answer. The database, Redis and the API being away may not."""
    found = []
    for fired in faults:
        died = fired.fault.target == "worker" and fired.fault.kind is not Kind.FREEZE
        if died:
            found.append(Loss(fired.began_at, fired.over_at))
        elif fired.fault.target == "to-provider":
            found.append(Loss(fired.began_at, fired.over_at + _LET_THROUGH_S))
        elif fired.fault.target in {"worker", "temporal", "to-temporal"}:
            found.append(Loss(fired.began_at, fired.over_at + _UNHEARD_S))
    return found


def paid_again(ledger: Ledger, seen: Mapping[str, Seen], excuses: Excuses) -> Iterator[str]:
    """Requests that repeat one that was not refused, and whose answer nothing has lost."""
    for order in ledger.orders.values():
        stops = [Loss(at, told + _STOPS_WITHIN_S) for job_id, at, told in ledger.stops if job_id in order.ids]
        for token in order.tokens:
            repeats = list(_repeats(seen[token], [*excuses.losses, *stops])) if token in seen else []
            for after_s in repeats[excuses.unheard.get(token, 0) :]:
                yield f"{order.key} ({token}): again {after_s:.2f} s after its answer"


def _repeats(seen: Seen, losses: list[Loss]) -> Iterator[float]:
    """How long after the answer before each request came that nothing excuses."""
    for number, (began_at, again_at) in enumerate(pairwise(seen.at)):
        ended_at = seen.ended_at.get(number, math.inf)
        if number not in seen.refused and not any(loss.hits(began_at, ended_at) for loss in losses):
            yield again_at - ended_at
