"""A desk whose book of escalation is in force beside the three platforms; and a web hook by which its people are told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from syncline.ports import ThreadRuntime
from syncline.store import messages, runs
from syncline.store.timeline import Event

BOOK = (Path(__file__).parent / "desk.yaml").read_text()


@dataclass
class Hook:
    """A web hook by which people are told: who was told what, and what it answers."""

    port: int
    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, str]] = field(default_factory=list)

    def told(self, who: str) -> list[str]:
        """Titles of what somebody was told, oldest first."""
        return [title for name, title in self.got if name == who]


@contextmanager
def hooked() -> Iterator[Hook]:
    """A web hook on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = made.answers.pop(0) if made.answers else 200
            if answer == 200:
                made.got.append((unquote(self.path).strip("/"), body["title"]))
            self.send_response(answer)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Hook(server.server_address[1])
        task = ThreadRuntime().spawn("hook", lambda: server.serve_forever(0.01))
        try:
            yield made
        finally:
            server.shutdown()
            task.join(10)


@contextmanager
def desk_in(world: Any, book: str = BOOK) -> Iterator["Desk"]:
    """That world with a book in force and a web hook as a channel."""
    (world.folder / "escalation.yaml").write_text(book)
    with hooked() as hook:
        world.secret("CHANNEL_HOOK_URL", f"json://127.0.0.1:{hook.port}/{{address}}")
        world.configure("conflicts:\n", "channels:\n  hook:\nconflicts:\n")
        yield Desk(world, hook)


@dataclass
class Desk:
    """The world with its book in force."""

    world: Any
    hook: Hook

    # ---- what people do -------------------------------------------------------------------------

    def publish(self, book: str) -> None:
        """Publish another book, as a person does."""
        (self.world.folder / "escalation.yaml").write_text(book)
        self.world.app.policies.publish()

    def urgent(self, **values: str) -> Any:
        """A priority 1 incident from ServiceNow that stands on all three platforms."""
        return self.world.trio(impact="1", urgency="1", **values)

    def acknowledge(self, trio: Any, name: str) -> None:
        """Somebody takes it on one platform."""
        people = self.world.people
        if name == "snow":
            people.snow_set(trio.sys_id, state="2")
        elif name == "jira":
            people.jira_move(trio.key, "In Progress")
        else:
            people.pd_set(trio.pd_id, "noah", status="acknowledged")

    # ---- time -----------------------------------------------------------------------------------

    def age(self, trio: Any) -> float:
        """Minutes since the incident was first seen."""
        began = self.world.app.explain(trio.number)[0].situation.kept.created_at
        return (self.world.clock.now() - began) / timedelta(minutes=1)

    def at(self, trio: Any, *minutes: float) -> None:
        """Do all that is due so many minutes after it was first seen, and a few seconds; then at the next."""
        for one in minutes:
            self.world.sync((one - self.age(trio)) * 60 + 5)

    # ---- what came of it ------------------------------------------------------------------------

    def events(self, trio: Any, *kinds: str) -> list[Event]:
        """The lines of the timeline of those kinds."""
        return [e for e in self.world.app.explain(trio.number)[0].events if e.kind in kinds]

    def steps(self, trio: Any) -> list[str]:
        """What steps did, without the workflow's own: `urgent, step 2 (15m): paged L2 ...`."""
        return [
            e.text.removeprefix("Escalation ")
            for e in self.events(trio, "step")
            if (e.data or {}).get("policy")
        ]

    def runs(self, trio: Any) -> list[tuple[str, str]]:
        """Policy and state of each run, oldest first: `runs`, `stands still`, or why it ended."""
        incident_id = self.world.incident_id(trio.number)
        found = self.world.app.database.transact(lambda tx: runs.of_incidents(tx, [incident_id]))
        return [
            (run.policy, run.ended_why or ("stands still" if run.stood_still else "runs"))
            for run in found.get(incident_id, [])
        ]

    def in_progress(self) -> list[tuple[str, Any]]:
        """Incident and run of every escalation that goes on, oldest first."""
        return list(self.world.app.database.transact(runs.in_progress))

    def outbox(self, trio: Any) -> list[tuple[str, str, str, str]]:
        """Occasion, person, channel and state of each message, oldest first."""
        app, incident_id = self.world.app, self.world.incident_id(trio.number)
        rows = app.database.transact(lambda tx: messages.of_incident(tx, incident_id))
        rows.sort(key=lambda m: (m.created_at, m.occasion, m.recipient))
        return [(m.occasion, m.recipient, m.channel, m.state.value) for m in rows]

    def asked(self, trio: Any) -> list[str]:
        """Whom PagerDuty was asked to page about it, in order."""
        account = self.world.sandbox["pd"].platform._account
        return [
            asked["user"]["summary"].split()[0].lower()
            for incident in account.records.incidents
            if incident.id == trio.pd_id
            for request in incident.responders
            for target in request["responder_request_targets"]
            for asked in target["responder_request_target"]["incidents_responders"]
        ]

    def notes(self, trio: Any) -> list[list[str]]:
        """What Syncline says of the escalation on ServiceNow, Jira and PagerDuty: in the order of its words."""
        return [
            sorted(text.partition("\n[syncline:")[0] for text in texts if "scalation " in text)
            for texts in (trio.journal(), trio.comments(), trio.notes())
        ]
