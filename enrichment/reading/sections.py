"""One reader for the entries of each section: from a JSON entry to the candidate's own nouns."""

from collections.abc import Iterator

from enrichment.candidate import Education, Item, Language, Position, Project, Skill, When
from enrichment.dates import PROBLEMS, read_range, written
from enrichment.pointers import Text
from enrichment.reading.nodes import Node

_EMPLOYER = (
    *("name", "company", "employer", "organization", "organisation"),
    *("entreprise", "societe", "employeur", "organisme", "association", "nom"),
)
_TITLE = ("position", "title", "role", "jobTitle", "poste", "intitule", "fonction", "titre")
_NAME = ("name", "title", "nom", "titre", "intitule")
_SUMMARY, _DESCRIPTION = ("summary", "resume"), ("description", "descriptif")
_BULLETS = (
    *("highlights", "tasks", "missions", "achievements", "responsibilities", "bullets"),
    *("taches", "realisations", "responsabilites"),
)
_TECHNOLOGIES = ("technologies", "stack", "techStack", "tools", "environnementTechnique", "outils")
_KEYWORDS = ("keywords", "motsCles")
_START = ("startDate", "start_date", "start", "from", "dateDebut", "debut", "dateDeDebut")
_END = ("endDate", "end_date", "end", "to", "dateFin", "fin", "dateDeFin")
_RANGE = ("date", "dates", "period", "year", "periode", "annee", "annees")
_CURRENT = ("current", "isCurrent", "enCours", "actuel")
_RATE = ("dailyRate", "tjm", "tarifJournalier")
_PLACE = ("location", "city", "lieu", "ville")
_ISSUER = (
    *("issuer", "awarder", "publisher", "publisher/name", "journal", "event", "from"),
    *("organisme", "emetteur", "evenement", "editeur"),
)
_ITEM = (*_NAME, "bullet", "number", "reversedNumber")
"""RenderCV keeps a line under the way in which its list is numbered."""
_DAY = ("date", "releaseDate", "endDate", "startDate", "year", "annee")
_GRADES = ("score", "gpa", "grade", "mention", "note")
_OF_STUDIES = (
    *("summary", "description", "details", "highlights", "honors", "honours", "thesis", "courses", "coursework"),
    *("curriculum", "resume", "memoire", "these", "cours"),
)


def positions(node: Node) -> Iterator[Position]:
    """One position, or each of an employer's `positions`."""
    if not _is_object(node):
        return
    inner = node.child("positions")
    nested = [child for child in inner.entries() if isinstance(child.value, dict)] if inner else []
    for entry in nested or [node]:
        start, end = _period(entry)
        summary, description = _told(entry, _SUMMARY, _DESCRIPTION)
        yield Position(
            pointer=entry.pointer,
            employer=entry.text(_EMPLOYER) or (node.text(_EMPLOYER) if nested else None),
            client=entry.text(("client",)),
            title=entry.text(_TITLE),
            location=_place(entry) or (_place(node) if nested else None),
            context=entry.text(("context", "contexte")),
            description=description,
            summary=summary,
            highlights=entry.texts(_BULLETS),
            technologies=entry.texts(_TECHNOLOGIES),
            keywords=entry.texts(_KEYWORDS),
            team_size=entry.text(("teamSize", "tailleEquipe")),
            start=start,
            end=end,
        )


def projects(node: Node) -> Iterator[Project]:
    if name := node.own_text():
        yield Project(pointer=node.pointer, name=name)
    elif _is_object(node):
        start, end = _period(node)
        description, summary = _told(node, _DESCRIPTION, _SUMMARY)
        yield Project(
            pointer=node.pointer,
            name=node.text(_NAME),
            entity=node.text(("entity", "company", "organization", "client", "entreprise")),
            roles=node.texts(("roles", "role")),
            description=description,
            summary=summary,
            highlights=node.texts(_BULLETS),
            technologies=node.texts(_TECHNOLOGIES),
            keywords=node.texts(_KEYWORDS),
            start=start,
            end=end,
        )


def education(node: Node) -> Iterator[Education]:
    if degree := node.own_text():
        yield Education(pointer=node.pointer, degree=degree)
    elif _is_object(node):
        start, end = _period(node)
        yield Education(
            pointer=node.pointer,
            institution=node.text(
                ("institution", "school", "university", "name", "etablissement", "ecole", "universite")
            ),
            degree=node.text(("studyType", "degree", "title", "diplome", "titre", "intitule")),
            area=node.text(("area", "specialization", "domaine", "specialite")),
            grades=node.texts(_GRADES),
            details=node.texts(_OF_STUDIES),
            start=start,
            end=end,
        )


def items(node: Node) -> Iterator[Item]:
    name = node.own_text() or (node.text(_ITEM) if _is_object(node) else None)
    if name:
        day = node.first(_DAY)
        yield Item(
            name,
            issuer=node.text(_ISSUER),
            date=_dates(day)[0] if day else None,
            summary=node.text((*_SUMMARY, *_DESCRIPTION)),
        )


def languages(node: Node) -> Iterator[Language]:
    name = node.own_text() or (node.text(("language", "name", "langue", "nom", "label")) if _is_object(node) else None)
    if name:
        yield Language(name, fluency=node.text(("fluency", "level", "proficiency", "niveau", "details")))


def skills(node: Node) -> Iterator[Skill]:
    """A plain string is a skill; an object is a skill or a named group; `{"Tools": ["Git"]}` is groups by name.

    A `label` with `details` is a group, too: beside a name, details would be a sentence about it.
    """
    if name := node.own_text():
        yield Skill(name)
    elif _is_object(node):
        name, keywords = (
            node.text(("name", "skill", "nom", "competence")),
            node.texts(("keywords", "skills", "motsCles")),
        )
        if not name and not keywords:
            name, keywords = node.text(("label", "category", "categorie")), node.texts(("details",))
        if name or keywords:
            last_used = node.child("lastUsed")
            yield Skill(
                name=name,
                level=node.text(("level", "niveau")),
                keywords=keywords,
                years=node.text(("years", "annees")),
                last_used=_dates(last_used)[0] if last_used else None,
            )
        else:
            groups = (group for group in node.members() if isinstance(group.value, list))
            yield from (Skill(None, keywords=group.own_texts()) for group in groups)


def _is_object(node: Node) -> bool:
    if isinstance(node.value, dict):
        return True
    node.warn("wrong_shape", "An object was expected here; this entry is ignored.")
    return False


def _told(node: Node, first: tuple[str, ...], second: tuple[str, ...]) -> tuple[Text | None, Text | None]:
    """The text under `first` and the one beside it under `second`; a lone one stands for both names."""
    main, beside = node.text(first), node.text(second)
    return (main, beside) if main else (beside, None)


def _place(node: Node) -> Text | None:
    location = node.child("location")
    if location and isinstance(location.value, dict):
        return location.text(("city", "region"))
    return node.text(_PLACE)


def amount(node: Node) -> tuple[Text, ...]:
    rate = node.first(_RATE)
    if rate and isinstance(rate.value, dict):
        parts = (rate.text(("amount", "value", "min")), rate.text(("currency",)))
        return tuple(part for part in parts if part)
    text = node.text(_RATE)
    return (text,) if text else ()


def _period(node: Node) -> tuple[When | None, When | None]:
    """Start and end, from two fields or from a range in one. A lone date is an end: it says when, not since when."""
    first, last = node.first(_START), node.first(_END)
    start, implied_end = _dates(first) if first else (None, None)
    end = _dates(last)[0] if last else implied_end
    if start is None and end is None and (span := node.first(_RANGE)):
        start, end = _dates(span)
        if end is None:
            return None, start
    if end is None and (current := node.first(_CURRENT)) and current.value is True:
        end = _dates(current)[0]
    return start, end


def _dates(node: Node) -> tuple[When | None, When | None]:
    raw = written(node.value)
    if raw is None:
        node.warn("wrong_shape", "A date was expected here; this value is ignored.")
        return None, None
    start, end = read_range(raw)
    for reading in (start, end):
        if reading and reading.problem:
            node.warn(reading.problem, PROBLEMS[reading.problem])
    return When(start.date, node.pointer), When(end.date, node.pointer) if end else None
