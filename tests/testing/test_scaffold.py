"""A new plugin installs, is found, and passes all checks as it stands."""

import json
import os
import subprocess
import sys

import pytest

from syncline.errors import Configuration
from syncline.testing.scaffold import scaffold


def write(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def run(*command, cwd, **environment):
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The kit makes the stand so on purpose; its author would look for a fault.
    assert "unavailable" not in done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_a_new_plugin_installs_is_found_and_passes_the_kit(tmp_path):
    project, site = tmp_path / "syncline-tracker", tmp_path / "site"
    write(project, scaffold("tracker", "Our Tracker 2", "0.1.0"))
    pip = (
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
    )
    run(*pip, "--target", str(site), ".", cwd=project)

    paths = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    command = ("-c", "import sys; from syncline.cli import main; sys.exit(main())", "connector")
    listed = json.loads(run(*command, "list", "--json", cwd=tmp_path, PYTHONPATH=paths))
    (ours,) = [row for row in listed["connectors"] if row["platform"] == "tracker"]
    assert (ours["title"], ours["package"]) == ("Our Tracker 2", "syncline-tracker 0.1.0")

    tested = json.loads(run(*command, "test", "tracker", "--json", cwd=tmp_path, PYTHONPATH=paths))
    assert tested["tier"] == "gold"
    assert len(tested["checks"]) >= 60

    said = run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project, PYTHONPATH=paths)
    assert " passed" in said


def test_nothing_of_the_example_is_left_in_it():
    files = scaffold("tracker", "Our Tracker", "0.1.0")
    assert not [path for path, text in files.items() if "acme" in text.lower()]
    assert "class OurTrackerStand(" in files["syncline_tracker/stand.py"]


@pytest.mark.parametrize("name", ["", "Tracker", "our tracker", "../x", "9lives", "a" * 40])
def test_a_name_that_cannot_be_one_is_refused(name):
    with pytest.raises(Configuration, match="small letters and digits"):
        scaffold(name, "", "0.1.0")


@pytest.mark.parametrize("title", ['"', "a\nb", "{x}", "\\"])
def test_a_title_that_would_break_the_code_is_refused(title):
    with pytest.raises(Configuration, match="title"):
        scaffold("tracker", title, "0.1.0")
