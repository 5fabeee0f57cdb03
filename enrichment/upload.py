"""A bulk that comes as a stream: one candidate a line (NDJSON), read in constant memory.

What is held of it is one line, the ids seen, and the first faults.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from enrichment import strict_json, submission
from enrichment.errors import Fault, InvalidInput, TooLarge
from enrichment.jobs.intake import NewChild
from enrichment.models import Model, Options

MOST_NAMED = 100
"""So many lines of a kind are named in the answer."""


class Line(Model):
    """A line that was left out or is worth a look. `line` counts from 1, in an array its candidates; `reason` never
    quotes it.
    """

    line: int
    reason: str


class Intake(Model):
    """What became of the lines: `accepted` are children now, `skipped` were invalid, `repeated` came with an id that an
    earlier line of the same bulk has (they are accepted too). The first hundred of each are named.
    """

    accepted: int
    skipped: int
    invalid: tuple[Line, ...]
    repeated: int
    repeats: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """`line_bytes` for each line, the others for the whole, unpacked."""

    lines: int
    line_bytes: int
    total_bytes: int


@dataclass(slots=True)
class _Tally:
    """A number of lines, of which the first are named."""

    count: int = 0
    named: list[Line] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        self.count += 1
        if self.count <= MOST_NAMED:
            self.named.append(Line(line=line, reason=reason))


class Upload:
    """Reads the children of one bulk, once, from the pieces that its body comes in."""

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        options: Options,
        limits: Limits,
        *,
        skip_invalid: bool,
        salt: str,
        is_array: bool = False,
    ) -> None:
        """`is_array`: the lines were an array, whose reader looks for a candidate by its place there."""
        self._pieces = pieces
        self._options = options
        self._limits = limits
        self._skip_invalid = skip_invalid
        self._is_array = is_array
        self._hash = hashlib.sha256(salt.encode())
        self._ids: set[str] = set()
        self._accepted = 0
        self._invalid = _Tally()
        self._repeated = _Tally()

    async def children(self) -> AsyncIterator[NewChild]:
        """Each candidate as a row.

        Raises:
            InvalidInput: a line cannot be read and lines are not to be skipped, or there is no candidate at all.
            TooLarge: one of the limits is passed.
        """
        number = 0
        async for line in self._lines():
            number += 1
            if not line.strip():
                continue
            child = self._child(line, number)
            if child is not None:
                self._accepted += 1
                if self._accepted > self._limits.lines:
                    raise TooLarge(f"The bulk has more than {self._limits.lines} candidates: split it")
                yield child
        if not self._accepted:
            raise InvalidInput("The bulk has no candidates", (Fault("", "needs one JSON object a line"),))

    def hash(self) -> str:
        """Of the salt and all the lines, once they have been read."""
        return self._hash.hexdigest()

    @property
    def intake(self) -> Intake:
        return Intake(
            accepted=self._accepted,
            skipped=self._invalid.count,
            invalid=tuple(self._invalid.named),
            repeated=self._repeated.count,
            repeats=tuple(self._repeated.named),
        )

    def _child(self, line: bytes, number: int) -> NewChild | None:
        try:
            child = self._read(line, number)
        except InvalidInput as error:
            if not self._skip_invalid:
                raise
            self._invalid.add(number, error.faults[0].reason)
            return None
        if child.candidate_id is not None and child.candidate_id in self._ids:
            self._repeated.add(number, "has the candidateId of an earlier line")
        elif child.candidate_id is not None:
            self._ids.add(child.candidate_id)
        return child

    def _read(self, line: bytes, number: int) -> NewChild:
        what, pointer = ("Candidate", f"/{number - 1}") if self._is_array else ("Line", f"/lines/{number}")
        refusal, faults = f"{what} {number} cannot be used", list[Fault]()
        try:
            candidate = strict_json.parse(line, is_line=True)
        except InvalidInput as error:
            reason = error.faults[0].reason if error.faults else error.message
            raise InvalidInput(refusal, (Fault(pointer, reason),)) from None
        if not isinstance(candidate, dict):
            raise InvalidInput(refusal, (Fault(pointer, "is no JSON object"),))
        child = submission.child(candidate, self._options, pointer, faults)
        if faults:
            raise InvalidInput(refusal, tuple(faults))
        return child

    async def _lines(self) -> AsyncIterator[bytes]:
        rest, total = b"", 0
        async for piece in self._pieces:
            total += len(piece)
            if total > self._limits.total_bytes:
                raise TooLarge(f"The bulk has more than {self._limits.total_bytes} bytes: split it")
            self._hash.update(piece)
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield self._bounded(line)
            self._bounded(rest)
        if rest:
            yield rest

    def _bounded(self, line: bytes) -> bytes:
        if len(line) > self._limits.line_bytes:
            raise TooLarge(f"A line has more than {self._limits.line_bytes} bytes")
        return line
