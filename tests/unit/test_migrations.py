"""The schema's history is one line: two that were written side by side are put one behind the other."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from enrichment import migrations


def test_each_migration_follows_one_other_and_has_its_number() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    history = list(scripts.walk_revisions())

    written = len([*Path(scripts.versions).glob("*_*.py")])  # of two with one number the history holds one
    numbers = [f"{number:04}" for number in range(written, 0, -1)]
    assert [script.revision for script in history] == numbers
    assert [Path(script.path).name[:4] for script in history] == numbers
