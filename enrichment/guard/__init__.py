"""What stands between a candidate's data and a model: both write text that nobody has vetted.

visible, cleaned    no character that people do not see, and none that PostgreSQL cannot hold
submitted           a place in the cleaned data, as it is found in the data as submitted
flags               warnings about texts that speak to a machine; the texts stay as they are
delimited           the data as JSON between marks that it cannot close
minimise            the data without the person: placeholders, and the way back
"""

from enrichment.guard.characters import cleaned, submitted, visible
from enrichment.guard.instructions import flags
from enrichment.guard.minimising import Restore, minimise
from enrichment.guard.prompting import delimited

__all__ = ["Restore", "cleaned", "delimited", "flags", "minimise", "submitted", "visible"]
