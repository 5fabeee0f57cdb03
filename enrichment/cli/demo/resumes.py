"""What the demo submits: real résumés, as every job type, at several priorities."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from enrichment.cli.errors import BadUsage
from enrichment.cli.files import read_candidate
from enrichment.cli.options import BULK
from enrichment.cli.output import JSON
from enrichment.cli.prose import count
from enrichment.modulepath import ROOT
from enrichment.queues import priority_of, queue_of

STAGE_MS = 250
"""Each stage pauses for so long, so that a person sees it: the rules themselves need milliseconds."""
BULK_STAGE_MS = 40

EXAMPLES = ROOT / "examples"
RESUMES = ROOT.parent / "shared" / "data" / "resumes"
"""A collection of public résumés, where it lies beside the project."""
TELLING = (
    ("theme-stackoverflow.json", "skills_optimization", "critical", None),
    ("jr-senior-engineer.json", "experience_enhancement", 12, None),
    ("rendercv-classic.json", "candidate_profile_enhancement", "normal", None),
    ("jrorg-complete.json", "competence_file_generation", "high", None),
    ("jr-career-changer.json", "experience_enhancement", "normal", None),
    ("cv-generator-fr.json", "competence_file_generation", "low", "fr"),
    ("fresh-jrs-empty.json", "candidate_profile_enhancement", 3, None),
)
"""With the language of the labels where the file does not say it. The first job of a type is the one that is shown."""
TYPES = (
    ("skills_optimization", "critical"),
    ("experience_enhancement", "high"),
    ("candidate_profile_enhancement", "normal"),
    ("competence_file_generation", "low"),
)
"""Other files take these in turn."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One job to submit; `name` is for people."""

    name: str
    body: JSON

    @property
    def band(self) -> str:
        return queue_of(priority_of(self.body["priority"])).band


def plan(files: Sequence[Path]) -> list[Planned]:
    """The jobs for `files`, or for the project's own examples and the collection: singles first, then one bulk of all.

    Raises:
        BadUsage: a file is not usable, or there is none.
    """
    singles = list(_in_turn(files)) if files else [*_telling(), *_in_turn(sorted(EXAMPLES.glob("*.json")))]
    if not singles:
        raise BadUsage("There are no example résumés here: give some, as in `enrich demo resume.json`")
    candidates = {single.name: single.body["candidateData"] for single in singles}
    # One job meets a failing provider, so that a retry is seen.
    singles[-1].body["options"]["rehearse"] |= {"failCode": "provider_overloaded", "failAttempts": 1}
    options = {"rehearse": {"stageMs": BULK_STAGE_MS}, "batchSize": 1}
    body = {"type": BULK, "candidates": list(candidates.values()), "priority": "normal", "options": options}
    return [*singles, Planned(count(len(candidates), "résumé"), body)]


def _telling() -> Iterator[Planned]:
    for name, type_, priority, locale in TELLING:
        if (RESUMES / name).is_file():
            yield _single(RESUMES / name, type_, priority, locale)


def _in_turn(files: Sequence[Path]) -> Iterator[Planned]:
    """Every file at least once, and every type at least once."""
    for index in range(max(len(files), len(TYPES)) if files else 0):
        yield _single(files[index % len(files)], *TYPES[index % len(TYPES)])


def _language(candidate: JSON) -> str:
    """The language that a candidate's data names, where it does so in an orderly way."""
    named = re.match(r"[A-Za-z]{2,3}(?=[-_]|$)", str(candidate.get("locale") or ""))
    return named[0] if named else "en"


def _single(file: Path, type_: str, priority: str | int, locale: str | None = None) -> Planned:
    candidate = read_candidate(str(file))
    options = {"locale": locale or _language(candidate), "rehearse": {"stageMs": STAGE_MS}}
    return Planned(file.stem, {"type": type_, "candidateData": candidate, "priority": priority, "options": options})
