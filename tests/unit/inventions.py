"""Inventions of the kinds that models make, planted in what the public résumés really say.

Each kind makes a false text from a true one, or nothing where the text gives no hold. What is chosen depends on the
text alone, so that each run plants the same.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from zlib import crc32

from enrichment import wording
from enrichment.faithfulness.statements import statements
from enrichment.models import JobType
from enrichment.pointers import resolve
from enrichment.results import ExperienceResult, Kind, Said
from enrichment.taxonomy import Case, taxonomy
from tests.unit.rules import enrich, run


@dataclass(frozen=True)
class Truth:
    """A text that rules have taken from a résumé, and the places that carry it."""

    text: str
    evidence: tuple[str, ...]
    number: int
    """What choices are made by."""

    def claim(self, text: str | None = None, evidence: tuple[str, ...] | None = None) -> Said:
        """The text, or another in its place, as a model would hand it in."""
        return Said(
            value=self.text if text is None else text,
            kind=Kind.NORMALISED,
            evidence=self.evidence if evidence is None else evidence,
            rule="reworded",
        )


def truths(candidate: dict[str, Any]) -> list[Truth]:
    """The sentences of a résumé: three words and more, once each."""
    found: dict[tuple[str, tuple[str, ...]], None] = {}
    for job_type in (JobType.COMPETENCE_FILE_GENERATION, JobType.EXPERIENCE_ENHANCEMENT):
        for _, statement in statements(run(job_type, candidate)):
            if (
                type(statement.value) is str
                and statement.kind in {Kind.COPIED, Kind.NORMALISED}
                and len(statement.value.split()) >= 3
            ):
                found[statement.value, statement.evidence] = None
    return [Truth(text, evidence, crc32(text.encode())) for text, evidence in found]


def _pick(truth: Truth, choices: tuple[str, ...]) -> str:
    return choices[truth.number % len(choices)]


def _appended(*tails: str) -> Callable[[Truth], str]:
    return lambda truth: truth.text.rstrip(". ") + _pick(truth, tails)


def _opened(*heads: str) -> Callable[[Truth], str]:
    return lambda truth: _pick(truth, heads) + truth.text[0].lower() + truth.text[1:]


def changed_number(truth: Truth) -> str | None:
    """Another number in place of one of its own: 7 more, or the next power of ten."""
    found = list(re.finditer(r"(?<![\w.,])\d+(?![\w]|[.,]\d)", truth.text))
    if not found:
        return None
    chosen = found[truth.number % len(found)]
    other = str(int(chosen[0]) + 7) if truth.number % 2 else chosen[0] + "0"
    return truth.text[: chosen.start()] + other + truth.text[chosen.end() :]


def lower_case_skill(truth: Truth) -> str:
    """A skill of our taxonomy that the text does not name, as prose writes it."""
    folded = truth.text.lower()
    plain = [
        s
        for s in taxonomy().spellings
        if s.case is Case.ANY and len(s.text) > 2 and s.skill.category not in {"soft", "methods"}
    ]
    chosen = next(
        s
        for n in range(50)
        if (s := plain[(truth.number + 97 * n) % len(plain)])
        and s.text.lower() not in folded
        and not set(s.text.lower().split()) & set(re.findall(r"\w+", folded))
    )
    return truth.text.rstrip(". ") + _pick(truth, (" using {}", " with {}", ", {} and more", " avec {}")).format(
        chosen.text.lower()
    )


def changed_date(truth: Truth) -> str | None:
    """Its last year moved by three, or its month by one."""
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan"]
    if found := re.search(r"\b([A-Z][a-z]{2}) ((?:19|20)\d\d)$", truth.text):
        moved = (months[months.index(found[1]) + 1], found[2]) if truth.number % 2 else (found[1], int(found[2]) - 3)
        return truth.text[: found.start()] + "{} {}".format(*moved)
    return None


KINDS: dict[str, Callable[[Truth], str | None]] = {
    "number added": _appended(
        " by 37%", " for 48 users", " across 17 sites", " (+43 %)", " sur 19 projets", " saving $3.7M"
    ),
    "number changed": changed_number,
    "organisation added": _appended(
        " at Globex Corporation", " for Initech", " chez Datalys", " with BNP Paribas", ", later acquired by Hooli"
    ),
    "skill added, lower case": lower_case_skill,
    "seniority added": _opened(
        "Senior ", "As principal engineer, ", "Seasoned expert: ", "En tant que directeur technique, ", "Chief "
    ),
    "scope added": _opened(
        "Led a team and ",
        "Spearheaded and ",
        "Piloté une équipe et ",
        "Owned end to end and ",
        "Supervised others and ",
    ),
    "scale added": _appended(
        " for dozens of enterprise clients",
        " for millions of users",
        " pour des centaines de grands comptes",
        " worldwide",
        " at massive scale",
    ),
    "superlative added": _appended(
        ", a world-class achievement",
        " with outstanding results",
        ", the best in the company",
        " avec un succès exceptionnel",
        ", winning prestigious praise",
    ),
}


def dated(candidate: dict[str, Any]) -> Iterator[Truth]:
    """A sentence for each position whose start is known by month."""
    for review in enrich(ExperienceResult, candidate).positions:
        position = review.position
        if position.start and position.start.value.month and position.title and position.employer:
            since = wording.day(position.start.value, "en")
            text = f"{position.title.value} at {position.employer.value} since {since}"
            evidence = (*position.title.evidence, *position.employer.evidence, *position.start.evidence)
            yield Truth(text, evidence, crc32(text.encode()))


def careers(candidate: dict[str, Any]) -> Iterator[tuple[list[Truth], list[Truth]]]:
    """Two positions after each other in one sentence: how that may be said, and with their employers exchanged."""
    positions = [review.position for review in enrich(ExperienceResult, candidate).positions]
    for now, before in pairwise(positions):
        if not (now.title and now.employer and before.title and before.employer):
            continue
        title, employer, first_title, first = (
            said.value for said in (now.title, now.employer, before.title, before.employer)
        )
        evidence = (
            *now.title.evidence, *now.employer.evidence, *before.title.evidence, *before.employer.evidence
        )  # fmt: skip
        fair = [
            f"{title} at {employer}, after {first_title} at {first}",
            f"At {employer} {title}, at {first} {first_title}",
            f"{title} ({employer}) and {first_title} ({first})",
            f"{first_title}, {first}. {title}, {employer}.",
        ]
        false = [f"{title} at {first}, after {first_title} at {employer}", f"{first_title}, {employer}."]
        known = {first_title.lower() in title.lower(), employer.lower() == first.lower()}
        yield (
            [Truth(text, evidence, 0) for text in fair],
            [Truth(text, evidence, 0) for text in false if known == {False}],
        )


def wrong_evidence(found: list[Truth], candidate: dict[str, Any]) -> Iterator[Said]:
    """Each text with the evidence of three others that do not say it too."""
    said = {truth: _words(" ".join(str(resolve(candidate, pointer)) for pointer in truth.evidence)) for truth in found}
    for truth in found:
        others = [other for other in found if not _words(truth.text) <= said[other]]
        for turn in range(3 if others else 0):
            yield truth.claim(evidence=others[(truth.number + turn * 7) % len(others)].evidence)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


NEGATIONS = (
    # what the résumé says, what a model makes of it, how it may be said
    (
        "Not responsible for budget or hiring",
        "Responsible for budget and hiring",
        "No responsibility for budget or hiring",
    ),
    ("No experience with Kubernetes yet", "Experience with Kubernetes", "No Kubernetes experience yet"),
    ("Never missed a release in four years", "Missed a release in four years", "Four years and never missed a release"),
    ("Knows Docker but not Terraform", "Knows Docker and Terraform", "Docker, but not Terraform"),
    (
        "Migrated the billing system without downtime",
        "Migrated the billing system with downtime",
        "Billing system migrated without downtime",
    ),
    ("I do not manage people", "I manage people", "Does not manage people"),
    (
        "Did not work on the mobile application",
        "Worked on the mobile application",
        "No work on the mobile application",
    ),
    (
        "Worked on the back end, never on the front end",
        "Worked on the back end and on the front end",
        "Back end work, never on the front end",
    ),
    ("Cannot travel abroad", "Can travel abroad", "Cannot travel abroad."),
    ("Is not willing to relocate", "Willing to relocate", "Not willing to relocate"),
    (
        "Wasn't involved in the architecture decisions",
        "Involved in the architecture decisions",
        "Not involved in architecture decisions",
    ),
    ("Has no driving licence", "Has a driving licence", "No driving licence"),
    (
        "All tests automated, no manual testing",
        "All tests automated and manual testing",
        "No manual testing, all tests automated",
    ),
    ("German: none", "German: fluent speaker", "German: none"),
    (
        "Trained in Scrum, without certification",
        "Trained in Scrum, certification",
        "Trained in Scrum; without certification",
    ),
    (
        "Delivered the portal without external help",
        "Delivered the portal with external help",
        "Portal delivered without external help",
    ),
    (
        "Neither designed nor built the API gateway",
        "Designed and built the API gateway",
        "Neither designed nor built the gateway",
    ),
    ("No production access", "Production access", "No production access."),
    ("The project was not completed", "The project was completed", "Project not completed"),
    ("Excluding the payroll module", "The payroll module", "Payroll excluded: excluding the payroll module"),
    ("Lacks experience in sales", "Experience in sales", "Lacks sales experience"),
    ("Part-time, not available on Fridays", "Part-time, available on Fridays", "Not available on Fridays, part-time"),
    (
        "Did not lead the team, but supported it daily",
        "Led the team daily",
        "Supported the team daily, did not lead it",
    ),
    ("Pas d'expérience en management", "Expérience en management", "Pas d'expérience en management."),
    ("Je ne maîtrise pas Kubernetes", "Je maîtrise Kubernetes", "Ne maîtrise pas Kubernetes"),
    ("N'a jamais encadré d'équipe", "A encadré une équipe", "Jamais encadré d'équipe"),
    (
        "Migration réalisée sans interruption de service",
        "Migration réalisée avec interruption de service",
        "Migration sans interruption de service",
    ),
    ("Aucune responsabilité budgétaire", "Responsabilité budgétaire", "Aucune responsabilité budgétaire."),
    (
        "Développement du moteur, hors interface graphique",
        "Développement du moteur et de l'interface graphique",
        "Moteur développé, hors interface graphique",
    ),
    (
        "Ne souhaite pas se déplacer à l'étranger",
        "Souhaite se déplacer à l'étranger",
        "Ne souhaite pas se déplacer à l'étranger.",
    ),
    ("Sans diplôme d'ingénieur", "Diplôme d'ingénieur", "Sans diplôme d'ingénieur."),
    ("Le projet n'a pas abouti", "Le projet a abouti", "Projet n'a pas abouti"),
    ("Ni astreinte ni travail de nuit", "Astreinte et travail de nuit", "Ni astreinte, ni travail de nuit"),
    (
        "Participation aux ateliers, sauf la partie juridique",
        "Participation aux ateliers et à la partie juridique",
        "Participation aux ateliers, sauf la partie juridique.",
    ),
    (
        "Non concerné par la mobilité nationale",
        "Concerné par la mobilité nationale",
        "Non concerné par la mobilité nationale.",
    ),
    ("Aucun incident majeur en production", "Incident majeur en production", "En production, aucun incident majeur"),
    ("Unable to lead the project alone", "Lead the project alone", "Unable to lead the project alone."),
    ("Failed to deliver the migration", "Delivered the migration", "Failed to deliver the migration on it"),
    ("Hardly any Kubernetes work", "Kubernetes work", "Hardly any work on Kubernetes"),
    ("Rarely writes documentation", "Writes documentation", "Documentation: rarely writes it"),
    ("Ne gère plus l'équipe de support", "Gère l'équipe de support", "Ne gère plus d'équipe de support"),
    ("N'encadre plus personne depuis 2020", "Encadre depuis 2020", "Depuis 2020, n’encadre plus personne"),
    ("Il ne s'occupe presque plus du budget", "S'occupe du budget", "Ne s'occupe presque plus du budget"),
    ("N'a rien développé en Python", "A développé en Python", "En Python, n'a rien développé"),
    ("Ne conduit pas", "Conduit", "Ne conduit pas."),
    ("N'encadre personne au quotidien", "Encadre au quotidien", "Au quotidien, n'encadre personne"),
    (
        "Développé l'API hormis le module de paiement",
        "Développé l'API et le module de paiement",
        "API développée, hormis le module de paiement",
    ),
    (
        "Développé l'API à l'exception du module de paiement",
        "Développé l'API et le module de paiement",
        "API développée, à l'exception du module de paiement",
    ),
    (
        "Tout le site, excepté la boutique",
        "Tout le site et la boutique",
        "Le site tout entier, excepté la boutique",
    ),
    (
        "Helped migrate the payment service",
        "Migrated the payment service",
        "Helped with the migration of the payment service",
    ),
    ("Assisted in designing the data model", "Designed the data model", "Assisted in designing the data model."),
    (
        "Contributed to the recommendation engine",
        "Built the recommendation engine",
        "Contributed to the recommendation engine.",
    ),
    ("A participé à la refonte du portail", "Refonte du portail", "Participation à la refonte du portail"),
    ("Aide à la rédaction des contrats", "Rédaction des contrats", "Aide à la rédaction de contrats"),
)
"""Résumés hardly ever say what somebody does not do; where they do, it matters."""
