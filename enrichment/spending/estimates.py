"""What a submission would take: tokens, money and time, from its size, before anything is stored or asked.

An estimate is a range. Its lower end is an English résumé and an answer that is right at once, its upper end a text
that packs badly into tokens and one repair by the model.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from enrichment.jobs.intake import NewChild
from enrichment.jobs.workload import Pace
from enrichment.models import Model
from enrichment.notation import RULES, names_in
from enrichment.spending import prices
from enrichment.upload import Intake

PROMPT_TOKENS = (700, 1_500)
"""The words around a candidate: the prompt, and the form that the answer has to have."""
CHARACTERS_PER_TOKEN = (4.5, 2.0)
ANSWER_TOKENS = 100, 600
"""An answer about nothing; one about a candidate is up to a third as long as the candidate."""
LONGEST_ANSWER = 1 / 3
REPAIRS = 1
SECONDS_BY_RULES = 0.002, 0.1
SECONDS_BY_MODEL = 3.0, 60.0
"""For one job, as long as nobody knows better."""


class Tokens(Model):
    """Of input and output together."""

    min: int
    max: int


class Money(Model):
    """US dollars."""

    min: float
    max: float


class Seconds(Model):
    """From now until all jobs have ended."""

    min: float
    max: float


class Estimate(Model):
    """What a submission would do. Nothing was stored, and no model was asked."""

    count: int
    """The jobs that would run, a bulk itself not counted."""
    cached: int
    """Of them, those that cost nothing: equal to an earlier one of the same bulk, or the answer about them is kept."""
    skipped: int
    """Lines that would be left out; `intake` names them."""
    tokens: Tokens
    cost_usd: Money | None
    """None where a price is unknown; 0 by rules."""
    expected_seconds: Seconds | None
    """None while no worker serves the queue."""
    model: str
    intake: Intake | None = None


@dataclass(slots=True)
class Size:
    """How many candidates there are, and how many characters of JSON those have that a model would be asked about."""

    candidates: int = 0
    characters: int = 0
    _asked: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    """By the hash of the input: the candidate's id, and how many characters it has."""

    @property
    def different(self) -> int:
        return len(self._asked)

    @property
    def cached(self) -> int:
        return self.candidates - self.different

    def add(self, child: NewChild) -> None:
        self.candidates += 1
        if (hashed := child.input_hash or child.id) not in self._asked:
            self._asked[hashed] = child.candidate_id, len(child.payload)
            self.characters += len(child.payload)

    def asked(self) -> list[tuple[str | None, str]]:
        """Candidate's id and hash of each that a model would be asked about."""
        return [(candidate_id, hashed) for hashed, (candidate_id, _) in self._asked.items()]

    def leave_out(self, hashes: Iterable[str]) -> None:
        """The answers about these are kept."""
        for hashed in hashes:
            _, characters = self._asked.pop(hashed)
            self.characters -= characters


@dataclass(frozen=True, slots=True)
class _Use:
    """Tokens at the one end or the other."""

    input_tokens: int
    output_tokens: int


def estimate(model: str, size: Size, pace: Pace, *, intake: Intake | None = None) -> Estimate:
    """`model` is as in the settings; of a chain, each member could be the one that answers."""
    least, most = (_Use(0, 0), _Use(0, 0)) if model == RULES else (_least(size), _most(size))
    return Estimate(
        count=size.candidates,
        cached=size.cached,
        skipped=intake.skipped if intake else 0,
        tokens=Tokens(min=least.input_tokens + least.output_tokens, max=most.input_tokens + most.output_tokens),
        cost_usd=Money(min=0, max=0) if model == RULES else _cost(model, least, most),
        expected_seconds=_seconds(model, size, pace),
        model=model,
        intake=intake,
    )


def _least(size: Size) -> _Use:
    asked = size.different * PROMPT_TOKENS[0] + size.characters / CHARACTERS_PER_TOKEN[0]
    return _Use(math.floor(asked), size.different * ANSWER_TOKENS[0])


def _most(size: Size) -> _Use:
    candidates = size.characters / CHARACTERS_PER_TOKEN[1]
    answered = size.different * ANSWER_TOKENS[1] + candidates * LONGEST_ANSWER
    asked = size.different * PROMPT_TOKENS[1] + candidates
    repaired = REPAIRS * (asked + answered)  # asked again, with the answer that was wrong
    return _Use(math.ceil(asked + repaired), math.ceil(answered * (1 + REPAIRS)))


def _cost(model: str, least: _Use, most: _Use) -> Money | None:
    ends = [(_price(name, least), _price(name, most)) for name in names_in(model)]
    lowest, highest = [low for low, _ in ends if low is not None], [high for _, high in ends if high is not None]
    if len(lowest) < len(ends) or len(highest) < len(ends):
        return None
    return Money(min=round(float(min(lowest)), 6), max=round(float(max(highest)), 6))


def _price(name: str, use: _Use) -> Decimal | None:
    provider, _, model = name.partition(":")
    return prices.cost(provider, model, use.input_tokens, use.output_tokens)


def _seconds(model: str, size: Size, pace: Pace) -> Seconds | None:
    if not pace.slots:
        return None
    shortest, longest = pace.seconds or (SECONDS_BY_RULES if model == RULES else SECONDS_BY_MODEL)
    turns, turns_behind_others = (-(-jobs // pace.slots) for jobs in (size.different, size.different + pace.waiting))
    return Seconds(min=round(turns * shortest, 3), max=round(turns_behind_others * longest, 3))
