"""`python -m syncline.sandbox`: the sandbox as a process of its own.

Prints `{"urls": {...}}` as one line when it is ready; ends on SIGTERM or SIGINT, and with `--until-eof` when its
standard input closes, so that it never outlives the process that started it.
"""

import argparse
import signal
import sys
from types import FrameType

from syncline.ports import ThreadRuntime
from syncline.sandbox.catalogue import build, parse_instances
from syncline.sandbox.server import Sandbox, urls_line


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m syncline.sandbox", description="Simulated platforms over HTTP."
    )
    parser.add_argument(
        "--instances", default="snow=servicenow,jira=jira-cloud,pd=pagerduty", help="NAME=KIND,..."
    )
    parser.add_argument("--port", type=int, default=0, help="the first port; 0: free ones")
    parser.add_argument("--seed", default="0", help="for all that is drawn at random")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input closes")
    parser.add_argument("--record-bodies", action="store_true", help="keep bodies in the log of requests")
    options = parser.parse_args(arguments)
    runtime = ThreadRuntime()
    stopping = runtime.signal()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    def watch_input() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        stopping.set()

    try:
        platforms = {name: build(name, kind) for name, kind in parse_instances(options.instances).items()}
        sandbox = Sandbox(
            platforms,
            port=options.port,
            runtime=runtime,
            seed=options.seed,
            record_bodies=options.record_bodies,
        )
        sandbox.start()
    except (ValueError, OSError) as error:
        parser.exit(2, f"sandbox: {error}\n")
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.stdout.write(urls_line(sandbox) + "\n")
    sys.stdout.flush()
    if options.until_eof:
        runtime.spawn("until-eof", watch_input)
    while not stopping.wait(0.5):
        pass
    sandbox.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
