"""Looks whether a file of the project names somebody's machine: a home, a workplace, a registry, a key."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

_FORBIDDEN: Final = {
    "a path of somebody's machine": r"(?<![\w.}:/-])/(?:work|root|home|mnt|Users|tmp/[a-z_]+)/[\w.]",
    "a file address": r"file:[/]{2}",
    "a registry": r"(?i)\b(?:artifactory|nexus|devpi|pypi\.[a-z-]+\.(?:corp|local|internal|lan))\b",
    "a private key": r"-----BEGIN (?:RSA |EC )?PRIVATE KEY-----",
    "a conflict that was left": r"^(?:<{7}|>{7}) ",
}
_IN_LOCKS: Final = {"an address": r"://"}
_EXPECTED: Final = {("tests/http/loopback.pem", "a private key")}


def _listed() -> list[str]:
    run = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.splitlines()


def main() -> int:
    """Print what was found; 1 where there is anything."""
    found = 0
    for name in _listed():
        path = Path(name)
        if not path.is_file() or name == ".ci/names.py":
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lock = name.startswith("requirements/") and path.suffix == ".txt"
        for what, pattern in (_FORBIDDEN | (_IN_LOCKS if lock else {})).items():
            if (name, what) in _EXPECTED:
                continue
            for match in re.finditer(pattern, text, re.MULTILINE):
                line = text.count("\n", 0, match.start()) + 1
                sys.stdout.write(f"{name}:{line}: {what}: {match[0]}\n")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
