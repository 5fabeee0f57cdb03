"""Finds the skills that a text names, without wild guesses.

Precision comes first, for a wrong skill in a competence file is worse than a missing one: "Go" is not found in "go to
market", "R" not in "R&D", "C" not in "C-level", "Spring" not in "spring 2019", "REST" not in "the rest", "Helm" not in
"took the Helm", "Julia" not in "worked with Julia Chen". A word that is something else too needs company.

- `finder`: the spellings of skills among the words of a text, in one pass
- `words`: the words of a text, and those that spell a skill
- `company`: whether they are meant as the skill
- `denial`: whether the text says that the skill is missing
"""

from enrichment.mentions.finder import Mentions

__all__ = ["Mentions"]
