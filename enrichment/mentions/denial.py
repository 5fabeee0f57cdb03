"""Whether a text says that a skill is missing."""

from enrichment.mentions.words import Hit, Words

_NOT = {
    *("no", "not", "nor", "neither", "without", "never", "zero", "except", "excluding", "lack", "lacks", "lacking"),
    *("barely", "hardly", "rarely", "unable", "failed"),
    *("pas", "ni", "sans", "aucun", "aucune", "jamais", "rien", "guere", "nullement", "hors", "hormis", "sauf"),
    *("excepte", "exception", "kein", "keine", "ohne", "sin", "sem"),
}
_PASSED_OVER = {
    *("experience", "knowledge", "connaissance", "any", "prior"),
    *("with", "of", "in", "to", "de", "du", "en", "d", "avec"),
}
_CLAUSE_ENDS = frozenset(".!?;:,()\n·•|–—")


def is_denied(words: Words, hit: Hit) -> bool:
    """Whether the text says that the skill is missing: "no experience with Kubernetes"."""
    position = hit.first - 1
    while words.at(position) in _PASSED_OVER and _CLAUSE_ENDS.isdisjoint(words.gap(position)):
        position -= 1
    return words.at(position) in _NOT and _CLAUSE_ENDS.isdisjoint(words.gap(position))
