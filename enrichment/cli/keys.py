"""`enrich keys`: who may call the API. It works on the database itself: whoever can, may make keys."""

import getpass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enrichment.cli import output
from enrichment.cli.administering import check_tenant, duration, on_database
from enrichment.cli.errors import BadUsage, CliError
from enrichment.cli.options import AsJson
from enrichment.cli.output import JSON

if TYPE_CHECKING:
    from enrichment.access.keys import Key


_SCOPES = ("submit", "read", "cancel", "review", "export", "erase", "admin")
"""As `enrichment.access.scopes` has them, without what loading that costs each start of the command line."""

keys = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _lifetime(text: str) -> timedelta:
    lifetime = duration(text)
    if not timedelta() < lifetime <= timedelta(days=3660):
        raise typer.BadParameter("a key is valid for at least a minute and at most ten years")
    return lifetime


def _scopes(text: str) -> list[str]:
    names = [name.strip().lower() for name in text.split(",")]
    if unknown := [name for name in names if name not in _SCOPES]:
        raise typer.BadParameter(f"{unknown[0]} is no scope: use {', '.join(_SCOPES)}")
    return names


KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id: `enrich keys list` shows it.")]


@keys.command("create")
def create(
    tenant: Annotated[str, typer.Option(help="Whose jobs it sees.")],
    scopes: Annotated[Any, typer.Option(parser=_scopes, metavar="A,B", help=f"What it may do: {', '.join(_SCOPES)}.")],
    expires: Annotated[Any, typer.Option(parser=_lifetime, metavar="90d", help="How long it is valid.")] = "90d",
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown once and kept nowhere.

    \b
    Example:
      enrich keys create --tenant acme --scopes submit,read --expires 90d
    """
    from enrichment.access import keys as table
    from enrichment.access.scopes import Scope

    check_tenant(tenant)
    new, hashed = _new_key()
    key = on_database(
        lambda db: table.create(db, new, hashed, tenant, [Scope(name) for name in scopes], expires, _who())
    )
    _show_new(key, new.text, as_json)


@keys.command("rotate")
def rotate(
    key_id: KeyId,
    overlap: Annotated[Any, typer.Option(parser=duration, metavar="24h", help="How long both are valid.")] = "24h",
    as_json: AsJson = False,
) -> None:
    """Make a key like another one, which ends after the overlap.

    \b
    Example:
      enrich keys rotate 3f9a61c07b2e --overlap 24h
    """
    from enrichment.access import keys as table

    new, hashed = _new_key()
    key = on_database(lambda db: table.rotate(db, key_id, new, hashed, overlap, _who()))
    if key is None:
        raise CliError(f"There is no valid key {key_id} to rotate: `enrich keys list` shows those that there are")
    _show_new(key, new.text, as_json)


@keys.command("revoke")
def revoke(key_id: KeyId, as_json: AsJson = False) -> None:
    """End a key. The API lets it in for 5 seconds more, at most; sessions of the page end with it.

    \b
    Example:
      enrich keys revoke 3f9a61c07b2e
    """
    from enrichment.access import keys as table

    if not on_database(lambda db: table.revoke(db, key_id, _who())):
        raise CliError(f"There is no key {key_id} to revoke: `enrich keys list` shows those that there are")
    if as_json:
        output.document({"id": key_id, "state": "revoked"})
    else:
        typer.echo(f"Revoked {key_id}")


@keys.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show every key, without its secret.

    \b
    Example:
      enrich keys list --json
    """
    from enrichment.access import keys as table

    found = [_described(key) for key in on_database(table.every)]
    if as_json:
        output.document({"keys": found})
        return
    for key in found:
        names = ("id", "tenant", "state", "scopes", "expiresAt", "lastUsedAt")
        typer.echo(output.row(*(",".join(key[name]) if name == "scopes" else key[name] for name in names)))


def _new_key() -> tuple[Any, bytes]:
    from enrichment.access import secret
    from enrichment.cli.environment import settings
    from enrichment.settings import SettingsError

    new = secret.generate()
    try:
        return new, secret.digest(secret.pepper(settings()), new.text)
    except SettingsError as error:
        raise BadUsage(str(error)) from None


def _show_new(key: "Key", text: str, as_json: bool) -> None:
    if as_json:
        output.document(_described(key) | {"key": text})
        return
    typer.echo(text)
    scopes = ",".join(_described(key)["scopes"])
    typer.echo(f"Keep it: it is shown this once. {key.id}: {key.tenant}, {scopes}, until {key.expires_at:%F}", err=True)


def _described(key: "Key") -> JSON:
    from enrichment.access.scopes import in_order

    now = datetime.now(UTC)
    state = "revoked" if key.revoked_at else "valid" if key.is_valid(now) else "expired"
    return {
        "id": key.id,
        "tenant": key.tenant,
        "scopes": list(map(str, in_order(key.scopes))),
        "state": state,
        "createdAt": key.created_at.isoformat(),
        "expiresAt": key.expires_at.isoformat(),
        "lastUsedAt": key.last_used_at and key.last_used_at.isoformat(),
    }


def _who() -> str:
    """The account at this machine, for the record of the acts."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
