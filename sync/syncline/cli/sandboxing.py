"""Trying it out: simulated platforms for anybody, and the demonstration."""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Final

import typer

from syncline.cli.face import Face, command
from syncline.cli.output import as_json, say, write_new
from syncline.cli.running import stopped_by_signals
from syncline.errors import Configuration as Misconfigured

PANEL: Final = "Trying it out"

_SETTINGS: Final[Mapping[str, tuple[str, tuple[str, ...], str, str]]] = {
    "servicenow": ("servicenow", ("auth: basic", "username: syncline"), "password", "sandbox"),
    "jira-cloud": (
        "jira",
        (
            "flavour: cloud",
            "auth: api_token",
            "user: syncline@example.com",
            "projects: [OPS]",
            "default_issue_type: Task",
        ),
        "token",
        "token-syncline",
    ),
    "jira-dc": (
        "jira",
        ("flavour: dc", "auth: pat", "projects: [OPS]", "default_issue_type: Task"),
        "token",
        "token-syncline",
    ),
    "pagerduty": (
        "pagerduty",
        ("auth: token", "from_email: syncline@example.com"),
        "token",
        "token-syncline",
    ),
    "helix": ("helix", ("username: syncline", "stand_in: syncline"), "password", "sandbox"),
    "cherwell": (
        "cherwell",
        ("username: syncline", "client_id: sandbox-client", "stand_in: Syncline Integration"),
        "password",
        "sandbox",
    ),
}
"""Of each simulated kind: its platform, its settings, its secret and that secret's value, which is none."""

_HEADER: Final = """\
# A configuration for the simulated platforms of `syncline sandbox`. They forget everything when they stop;
# then delete the database too.
syncline: 1
database: sqlite:///simulated.db
instances:
"""


def register(program: typer.Typer) -> None:
    """Add these commands."""
    command(program, "sandbox", rich_help_panel=PANEL)(sandbox)
    command(program, "demo", rich_help_panel=PANEL)(demo)


def sandbox_configuration(kinds: Mapping[str, str], urls: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A configuration for those simulated instances, and the environment variables with their secrets."""
    from syncline.http.settings import variable

    text = _HEADER
    environment: dict[str, str] = {}
    for name, kind in kinds.items():
        platform, settings, secret, content = _SETTINGS[kind]
        lines = (f"platform: {platform}", f"url: {urls[name]}", *settings, "poll_every: 2", "overlap: 5")
        text += f"  {name}:\n" + "".join(f"    {line}\n" for line in lines)
        environment[variable(name, secret)] = content
        if platform == "pagerduty":
            text += f"    services: [{_first_service(urls[name], content)}]\n"
    if len(kinds) > 1:
        text += "routes:\n  - name: everything everywhere\n    from: all\n    to: all\n"
    return text, environment


def _first_service(url: str, token: str) -> str:
    """The id of a service of a simulated account: where new incidents go."""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment has no business on loopback
        headers = {
            "Authorization": f"Token token={token}",
            "Accept": "application/vnd.pagerduty+json;version=2",
        }
        reply = session.get(f"{url}/services", headers=headers, timeout=10)
    reply.raise_for_status()
    return str(reply.json()["services"][0]["id"])


def sandbox(
    face: Face,
    instances: Annotated[
        str,
        typer.Option(
            "--instances",
            metavar="NAME=KIND,...",
            help="Kinds: servicenow, jira-cloud, jira-dc, pagerduty, helix, cherwell.",
        ),
    ] = "snow=servicenow,jira=jira-cloud,pd=pagerduty",
    port: Annotated[int, typer.Option("--port", min=0, max=65_000, help="The first port; 0: free ones.")] = 0,
    seed: Annotated[str, typer.Option("--seed", help="For all that is drawn at random.")] = "0",
    config_out: Annotated[
        Path | None,
        typer.Option(
            "--config-out", metavar="FILE", help="Write a configuration for it.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite that file.")] = False,
) -> None:
    """Run simulated platforms over HTTP on this machine, until stopped. They start empty but for their people."""
    from syncline.cli.face import ports
    from syncline.sandbox.catalogue import build, parse_instances
    from syncline.sandbox.server import Sandbox

    at_hand = ports()
    try:
        kinds = parse_instances(instances)
        platforms = {name: build(name, kind) for name, kind in kinds.items()}
    except ValueError as error:
        raise Misconfigured(f"--instances: {error}") from None
    served = Sandbox(platforms, port=port, clock=at_hand.clock, runtime=at_hand.runtime, seed=seed)
    with stopped_by_signals(at_hand.runtime) as stop:
        urls = served.start()
        try:
            text, environment = sandbox_configuration(kinds, urls)
            if config_out is not None:
                write_new({config_out: text}, force=force)
            if face.json:
                document = {"urls": urls, "config": config_out, "environment": environment}
                sys.stdout.write(as_json(document, indented=False) + "\n")
            else:
                _say_ready(kinds, urls, config_out, environment)
            sys.stdout.flush()
            while not stop.wait(1.0):
                pass
        finally:
            served.stop()


def _say_ready(
    kinds: Mapping[str, str], urls: Mapping[str, str], config: Path | None, environment: Mapping[str, str]
) -> None:
    for name, url in urls.items():
        say(f"{name} ({kinds[name]}): {url}")
    if config is not None:
        say()
        say(f"wrote {config}. In another terminal:")
        say()
        for name, content in environment.items():
            say(f"  export {name}={content}")
        say(f"  syncline run --config {config}")
    snow = next((name for name, kind in kinds.items() if kind == "servicenow"), None)
    if snow is not None:
        say()
        say("An incident, as somebody at the service desk would open it:")
        say()
        say(
            f"  curl -u amina:secret -H 'Content-Type: application/json' {urls[snow]}/api/now/table/incident"
            """ -d '{"short_description": "Mail is down", "impact": "2", "urgency": "1"}'"""
        )
    say()
    say("Ctrl-C stops it")


def demo(
    face: Face,
    events: Annotated[
        Path | None,
        typer.Option(
            "--events", metavar="FILE", help="Replay this log of events of incidents.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only so many incidents of it.", show_default=False)
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option("--speed", help="So many times faster than it happened.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="For all that is drawn at random.")] = 0,
    headless: Annotated[bool, typer.Option("--headless", help="Without the live view.")] = False,
) -> None:
    """Show it at work: people edit on five simulated platforms while things go wrong, and the claims are checked."""
    try:
        demonstration = import_module("syncline.demo.command")
    except ModuleNotFoundError as error:
        if error.name not in {"syncline.demo", "syncline.demo.command"}:
            raise
        raise Misconfigured(
            "the demonstration did not come with this installation; install Syncline again"
        ) from None
    code: int = demonstration.demo(events, limit, speed, seed, headless, face.json)
    if code:
        raise typer.Exit(code)
