"""The stage: a folder of its own, the sandbox and the daemon as processes of their own, and an end that leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Final

from syncline.demo.cherwell import CherwellSide
from syncline.demo.equivalence import CHERWELL, HELIX, JIRA, PD, SIDES, SNOW
from syncline.demo.helix import HelixSide
from syncline.demo.jira import JiraSide
from syncline.demo.pagerduty import PagerDutySide
from syncline.demo.people import Side, Wire
from syncline.demo.script import Script, Window
from syncline.demo.servicenow import ServiceNowSide
from syncline.ports import Clock, Runtime

_KINDS: Final = "snow=servicenow,jira=jira-cloud,pd=pagerduty,helix=helix,cherwell=cherwell"
SECRETS: Final = {
    "SYNCLINE_SNOW_PASSWORD": "sandbox",
    "SYNCLINE_JIRA_TOKEN": "token-syncline",
    "SYNCLINE_PD_TOKEN": "token-syncline",
    "SYNCLINE_HELIX_PASSWORD": "sandbox",
    "SYNCLINE_CHERWELL_PASSWORD": "sandbox",
}
"""The sandbox's own; they are no secret."""
_SYNCLINE: Final = (sys.executable, "-c", "import sys; from syncline.cli import main; sys.exit(main())")
"""The command `syncline` of this very installation, wherever its script may lie."""
_DIRECT: Final = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
"""Nothing of the demo leaves the machine, whatever proxy its user has."""
_STOPS: Final = 25.0
"""Seconds that a process gets to end by itself."""

_CONFIGURATION: Final = """\
# Written by `syncline demo`: five simulated platforms, every incident on all of them.
syncline: 1
database: sqlite:///syncline.db
instances:
  snow:
    platform: servicenow
    url: {snow}
    auth: basic
    username: syncline
    poll_every: {poll}
    overlap: 10
    read_timeout: 3
    quarantine: 8
    workers: {workers}
    requests_per_minute: 60000
  jira:
    platform: jira
    url: {jira}
    flavour: cloud
    auth: api_token
    user: syncline@example.com
    projects: [OPS]
    default_issue_type: Incident
    poll_every: {poll}
    overlap: 10
    read_timeout: 3
    quarantine: 8
    workers: {workers}
    requests_per_minute: 60000
  pd:
    platform: pagerduty
    url: {pd}
    auth: token
    from_email: syncline@example.com
    services: [{services}]
    poll_every: {poll}
    overlap: 10
    read_timeout: 3
    quarantine: 8
    workers: {workers}
    requests_per_minute: 60000
    reread_open_every: 2
  helix:
    platform: helix
    url: {helix}
    username: syncline
    stand_in: syncline
    poll_every: {poll}
    overlap: 10
    read_timeout: 3
    quarantine: 8
    workers: {workers}
    requests_per_minute: 60000
  cherwell:
    platform: cherwell
    url: {cherwell}
    username: syncline
    client_id: sandbox-client
    stand_in: Syncline Integration
    poll_every: {poll}
    overlap: 10
    read_timeout: 3
    quarantine: 8
    workers: {workers}
    requests_per_minute: 60000
routes:
  - name: everywhere
    from: [all]
    to: [all]
conflicts:
  default: latest
  priority: highest
reopen:
  from: [resolved, closed, canceled]
{more}"""


class StageError(Exception):
    """A process did not start, or ended by itself; the message says where its own words stand."""


class Stage:
    """Everything that runs.

    Attributes:
        folder: Where all of it lies.
        sides: The platforms, by name.
        wires: The ways to them, for the sandbox's own controls.
        script: What people do; outages and kills are put down in it too.
        kills: How often the daemon was killed.
    """

    def __init__(
        self,
        clock: Clock,
        runtime: Runtime,
        seed: int,
        *,
        poll: float = 0.4,
        workers: int = 4,
        more: str = "",
        policy: str = "",
        secrets: Mapping[str, str] | None = None,
        command: Sequence[str] = _SYNCLINE,
    ) -> None:
        self._clock, self._runtime, self._seed = clock, runtime, seed
        self._poll, self._workers, self._more, self._command = poll, workers, more, tuple(command)
        self._policy, self._secrets = policy, {**SECRETS, **(secrets or {})}
        self.folder = Path(tempfile.mkdtemp(prefix="syncline-demo-"))
        self.script = Script(runtime)
        self.sides: dict[str, Side] = {}
        self.wires: dict[str, Wire] = {}
        self.kills = 0
        self._sandbox: subprocess.Popen[str] | None = None
        self._daemon: subprocess.Popen[bytes] | None = None
        self._open: list[IO[bytes]] = []
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SYNCLINE_")},
            **self._secrets,
            **_DIRECT,
            "SYNCLINE_CONFIG": str(self.configuration),
        }

    @property
    def configuration(self) -> Path:
        """The `syncline.yaml` of the demo."""
        return self.folder / "syncline.yaml"

    @property
    def log(self) -> Path:
        """What the daemon wrote to its standard error."""
        return self.folder / "daemon.log"

    @property
    def snow(self) -> ServiceNowSide:
        """ServiceNow, with what only its people can do."""
        side = self.sides[SNOW]
        assert isinstance(side, ServiceNowSide)
        return side

    @property
    def jira(self) -> JiraSide:
        """Jira, with what only its people can do."""
        side = self.sides[JIRA]
        assert isinstance(side, JiraSide)
        return side

    @property
    def pd(self) -> PagerDutySide:
        """PagerDuty."""
        side = self.sides[PD]
        assert isinstance(side, PagerDutySide)
        return side

    # ---- the sandbox ----------------------------------------------------------------------------

    def open(self) -> None:
        """Start the sandbox, meet its people, and write the configuration.

        Raises:
            StageError: it did not start.
        """
        arguments = [sys.executable, "-m", "syncline.sandbox", "--until-eof"]
        arguments += ["--instances", _KINDS, "--seed", str(self._seed)]
        errors = self._log("sandbox.log")
        self._sandbox = subprocess.Popen(  # noqa: S603  our own interpreter
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=self._environment,
        )
        assert self._sandbox.stdout is not None
        line = self._sandbox.stdout.readline()
        if not line:
            raise StageError(f"the sandbox did not start; {self.folder / 'sandbox.log'} says why")
        urls: Mapping[str, str] = json.loads(line)["urls"]
        self.wires = {name: Wire(urls[name], self._runtime) for name in SIDES}
        pagerduty = PagerDutySide(self.wires[PD])
        self.sides = {
            SNOW: ServiceNowSide(self.wires[SNOW]),
            JIRA: JiraSide(self.wires[JIRA]),
            PD: pagerduty,
            HELIX: HelixSide(self.wires[HELIX]),
            CHERWELL: CherwellSide(self.wires[CHERWELL]),
        }
        text = _CONFIGURATION.format(
            **urls,
            services=", ".join(pagerduty.services.values()),
            poll=self._poll,
            workers=self._workers,
            more=self._more,
        )
        self.configuration.write_text(text, encoding="utf-8")
        if self._policy:
            # The daemon puts it in force at its first start.
            (self.folder / "escalation.yaml").write_text(self._policy, encoding="utf-8")

    def _log(self, name: str) -> IO[bytes]:
        stream = (self.folder / name).open("ab")
        self._open.append(stream)
        return stream

    # ---- the daemon -----------------------------------------------------------------------------

    def start_daemon(self, **settings: str) -> None:
        """Start the daemon; `settings` are environment variables beside the usual ones."""
        self._daemon = subprocess.Popen(  # noqa: S603  our own interpreter
            [*self._command, "run", "--config", str(self.configuration)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log(self.log.name),
            env={**self._environment, **settings},
            cwd=self.folder,
        )

    def check_daemon(self) -> None:
        """See that the daemon runs.

        Raises:
            StageError: it ended by itself.
        """
        if self._daemon is not None and self._daemon.poll() is not None:
            raise StageError(
                f"the daemon ended by itself with {self._daemon.returncode}; {self.log} says why"
            )

    @property
    def process(self) -> int:
        """The daemon's process id; 0 while there is none."""
        return self._daemon.pid if self._daemon is not None else 0

    def kill_daemon(self) -> None:
        """kill -9."""
        assert self._daemon is not None
        self.script.windows.append(Window("killed", "", self._clock.now()))
        self._daemon.send_signal(signal.SIGKILL)
        self._daemon.wait()
        self._daemon = None
        self.kills += 1

    def restart_daemon(self) -> None:
        """Start it again after a kill."""
        self.start_daemon()

    def stop_daemon(self) -> tuple[int, float]:
        """Stop it as an operator would; its exit code and how many seconds it took."""
        if self._daemon is None:
            return 0, 0.0
        begun = self._clock.monotonic()
        code = _ended(self._daemon)
        self._daemon = None
        return code, self._clock.monotonic() - begun

    # ---- what breaks ----------------------------------------------------------------------------

    def begin(self, what: str, side: str, path: str, body: Mapping[str, object]) -> None:
        """Break something, by a control of the sandbox, and put it down."""
        self.wires[side].sandbox("POST", path, dict(body))
        self.script.windows.append(Window(what, side, self._clock.now()))

    def end(self, what: str, side: str, *, lasting: float = 0.0) -> None:
        """Mend what was broken; `lasting` is how many seconds its effects may go on."""
        if what == "outage":
            self.wires[side].sandbox("POST", "down", {"down": False})
        elif what == "faults":
            self.wires[side].sandbox("DELETE", "faults")
        self.close_window(what, side, lasting=lasting)

    def close_window(self, what: str, side: str, *, lasting: float = 0.0) -> None:
        """Put down that it is over."""
        end = self._clock.now() + timedelta(seconds=lasting)
        windows = self.script.windows
        for at, window in enumerate(windows):
            if window.what == what and window.side == side and window.end is None:
                windows[at] = Window(what, side, window.start, end)

    # ---- the end --------------------------------------------------------------------------------

    def close(self, *, keep: bool) -> None:
        """Stop all processes; `keep` leaves the folder for who wants to look."""
        if self._daemon is not None:
            _ended(self._daemon)
            self._daemon = None
        if self._sandbox is not None:
            assert self._sandbox.stdin is not None
            assert self._sandbox.stdout is not None
            self._sandbox.stdin.close()
            _ended(self._sandbox)
            self._sandbox.stdout.close()
            self._sandbox = None
        for stream in self._open:
            stream.close()
        self._open.clear()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Our own process as a process of the demo: with the sandbox's secrets, and no setting of anybody else's."""
        mine = {name: value for name, value in os.environ.items() if name.startswith("SYNCLINE_")}
        for name in mine:
            del os.environ[name]
        os.environ.update(self._secrets)
        try:
            yield
        finally:
            for name in self._secrets:
                os.environ.pop(name, None)
            os.environ.update(mine)


def _ended(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> int:
    """End a process: kindly, and after a while for good; its exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(_STOPS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
