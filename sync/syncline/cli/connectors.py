"""The connectors that are installed, and how good they are."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.face import Face, command
from syncline.cli.output import FINDINGS, FINE, counted, plain, progress, say, table, write_new
from syncline.errors import Configuration

if TYPE_CHECKING:
    from syncline.connector import Plugin
    from syncline.testing import Check, Examination
    from syncline.testing.stand import StandFactory


def register(program: typer.Typer) -> None:
    """Add these commands."""
    connectors = typer.Typer(help="The connectors that are installed.", no_args_is_help=True)
    command(connectors, "list")(connector_list)
    command(connectors, "test")(connector_test)
    command(connectors, "new")(connector_new)
    program.add_typer(connectors, name="connector", rich_help_panel="Setting up")


def connector_list(
    face: Face,
    quality: Annotated[
        bool, typer.Option("--quality", help="Test each one, and show its tier. Takes a minute or two.")
    ] = False,
) -> None:
    """Show the connectors that are installed, and those that cannot be used."""
    from syncline.plugins import discover

    plugins = discover()
    tiers: dict[str, str] = {}
    if quality:
        with progress("testing connectors") as doing:
            for platform, plugin in plugins.found.items():
                doing(f"testing {platform}")
                tiers[platform] = _tier(plugin)
    rows: list[dict[str, Any]] = [
        {
            "platform": platform,
            "title": plugin.title,
            "package": plugins.packages.get(platform, ""),
            "contract": plugin.contract,
            "attachments": plugin.capabilities.attachments,
            "history": plugin.capabilities.history,
            "history_gaps": plugin.capabilities.history_gaps,
            "remarks": sorted(plugin.capabilities.visibilities),
            "quality": tiers.get(platform),
        }
        for platform, plugin in plugins.found.items()
    ]
    broken = [{"name": b.name, "package": b.package, "cause": b.cause} for b in plugins.broken]

    def show() -> None:
        heads = ("platform", "title", "package", "contract", "remarks", "files", "history")
        table(
            (*heads, "quality") if quality else heads,
            [
                (
                    row["platform"],
                    row["title"],
                    row["package"],
                    row["contract"],
                    ", ".join(row["remarks"]),
                    "yes" if row["attachments"] else "no",
                    row["history"],
                    *([row["quality"]] if quality else []),
                )
                for row in rows
            ],
        )
        for one in broken:
            say(
                f"{one['name']} cannot be used: {plain(one['cause'])} (package {plain(one['package'])})",
                "red",
            )
        if not rows and not broken:
            say("no connector is installed; install Syncline again")

    face.answer({"connectors": rows, "broken": broken}, show, FINE if rows and not broken else FINDINGS)


def connector_test(
    face: Face,
    platform: Annotated[str, typer.Argument(help="As `syncline connector list` names it.")],
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Make this check alone; may be given again.")
    ] = None,
) -> None:
    """Hold a connector against all that Syncline relies on, on the stand that its package brings.

    No account and no server is needed, and nothing leaves this machine, unless the stand is a real server.
    """
    from syncline.mapping.validation import suggestion
    from syncline.plugins import discover
    from syncline.testing import ALL, Verdict
    from syncline.testing.stands import stand_of

    plugin = discover().named(platform)
    stand = stand_of(platform)
    if stand is None:
        raise Configuration(
            f"{platform}: its package brings no stand to test it on; see docs/connectors.md, Testing it, and name it as an"
            " entry point of syncline.stands"
        )
    known = {check.name: check for check in ALL}
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise Configuration(
            "; ".join(f"there is no check {name}{suggestion(name, known)}" for name in unknown)
        )
    with progress(f"testing {platform}"):
        checks = [known[name] for name in only] if only else ALL
        found = _examined(plugin, stand, checks)
    tier = None if only else _named(found)
    rows = [
        {
            "check": one.check.name,
            "area": one.check.area,
            "tier": one.check.tier.name.lower(),
            "verdict": one.verdict,
            "why": one.why,
            "reason": one.check.reason,
            "hint": one.check.hint,
        }
        for one in found.outcomes
    ]
    against = [one for one in found.outcomes if one.counts_against]

    def show() -> None:
        for one in found.outcomes:
            if one.counts_against:
                say(f"{one.verdict}: {plain(str(one))}", "red")
                say()
        for one in found.of(Verdict.EXEMPT):
            say(f"not asked: {one.check.name}: {plain(one.why)}", "dim")
        say(f"{counted(len(found.outcomes), 'check')}, {len(against)} of them not met")
        if tier is not None:
            say(f"{plugin.title}: {tier}", "bold")

    document = {"platform": platform, "tier": tier, "checks": rows}
    face.answer(document, show, FINDINGS if against else FINE)


def connector_new(
    face: Face,
    name: Annotated[
        str, typer.Argument(help="The platform's name in syncline.yaml: small letters and digits.")
    ],
    title: Annotated[str, typer.Option("--title", help="What people read.", show_default=False)] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there already.")] = False,
) -> None:
    """Write a plugin of your own into the folder syncline-NAME: it installs, runs and passes all checks as it stands."""
    from syncline.cli.setting_up import installed_version
    from syncline.testing.scaffold import scaffold

    folder = Path(f"syncline-{name}")
    files = {folder / path: text for path, text in scaffold(name, title, installed_version()).items()}
    write_new(files, force=force)

    def show() -> None:
        for path in files:
            say(f"wrote {path}")
        say()
        say(f"What comes next stands in {folder}/README.md:")
        say(f"  1. cd {folder} && pip install -e '.[test]'")
        say("  2. pytest")

    face.answer({"written": [str(path) for path in files]}, show)


def _tier(plugin: "Plugin") -> str:
    """The tier of a connector, computed now."""
    from syncline.testing import ALL
    from syncline.testing.stands import stand_of

    stand = stand_of(plugin.platform)
    return "untested" if stand is None else _named(_examined(plugin, stand, ALL))


def _examined(plugin: "Plugin", stand: "StandFactory", checks: "Iterable[Check]") -> "Examination":
    """What becomes of those checks, without the log: the stand that it calls unavailable is so on purpose."""
    from syncline.testing import examine

    silent = logging.NullHandler()  # without any handler, Python writes warnings to standard error
    logging.getLogger("syncline").addHandler(silent)
    try:
        return examine(plugin, stand, checks=checks)
    finally:
        logging.getLogger("syncline").removeHandler(silent)


def _named(found: "Examination") -> str:
    return "none" if found.tier is None else found.tier.name.lower()
