"""What the papers say of themselves: links, promises, licence, locks, the unit and the container."""

import configparser
import hashlib
import re
import subprocess
import sys

PROMISE = (
    "no accepted change is lost; nothing is created twice as long as the platform keeps our marker; all sides converge; "
    "no person's edit disappears without a conflict record; what a platform forces on us is reported, not hidden."
)


def anchor(heading):
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def test_every_link_leads_somewhere(pages):
    anchors = {
        page.path: {anchor(found) for found in re.findall(r"^#+ (.+)$", page.text, re.MULTILINE)}
        for page in pages
    }
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.prose):
            if target.startswith("https://"):
                continue
            name, _, fragment = target.partition("#")
            path = (page.path.parent / name).resolve() if name else page.path
            if not path.exists() or (fragment and fragment not in anchors.get(path, ())):
                broken.append(f"{page.name}: {target}")
    assert not broken


def test_every_page_can_be_reached_from_the_readme(pages, page):
    reached, waiting = set(), [page("README.md").path]
    by_path = {one.path: one for one in pages}
    while waiting:
        path = waiting.pop()
        if path in reached or path not in by_path:
            continue
        reached.add(path)
        waiting += [
            (path.parent / name).resolve()
            for name in re.findall(r"\]\(([^)#\s]+)[^)]*\)", by_path[path].text)
            if not name.startswith("https://")
        ]
    assert {one.path for one in pages} == reached


def test_the_readme_makes_the_promise_in_its_own_words(page):
    said = " ".join(page("README.md").text.replace("\n>", "\n").replace("*", "").split())
    assert PROMISE in said


def test_nobody_promises_more(pages):
    for page in pages:
        for found in re.finditer(r"exactly once", page.text, re.IGNORECASE):
            before = page.text[max(0, found.start() - 40) : found.start()]
            assert re.search(r"not|promised", before, re.IGNORECASE), page.name


def test_the_two_commands_of_the_readme_are_targets(page, root):
    commands = re.findall(r"^\$ make (\w+)$", page("README.md").text, re.MULTILINE)
    makefile = (root / "Makefile").read_text()
    assert commands == ["demo", "test"]
    for target in [*commands, "lint", "bench", "soak", "help", "clean"]:
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target


def test_make_help_names_every_target(root):
    run = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True)
    targets = re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE)
    assert set(targets) == set(re.findall(r"^  make (\w+)", run.stdout, re.MULTILINE))


def test_the_changelog_keeps_its_form(page, project):
    changelog = page("CHANGELOG.md").text
    versions = re.findall(r"^## \[([^\]]+)\](.*)$", changelog, re.MULTILINE)
    assert versions[0] == ("Unreleased", "")
    assert versions[1][0] == project["project"]["version"]
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", date) for _, date in versions[1:])
    kinds = set(re.findall(r"^### (\w+)$", changelog, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_licence_is_the_whole_text(root):
    text = (root / "LICENSE").read_bytes()
    assert (
        hashlib.sha256(text).hexdigest() == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    )


def test_every_decision_has_its_parts_and_stands_in_the_list(pages, page):
    decisions = [one for one in pages if re.match(r"docs/decisions/\d{4}-", one.name)]
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", page("docs/decisions/README.md").text)
    assert listed == [one.path.name for one in decisions]
    for number, one in enumerate(decisions, 1):
        assert one.text.startswith(f"# {number:04} ")
        for part in ("**Context.**", "**Decision.**", "**Consequences.**"):
            assert part in one.text, one.name
        assert len(one.text.splitlines()) < 60, f"{one.name} is more than a page"


def test_locks_pin_everything_by_hash_and_name_no_address(root):
    for name in ("build", "run", "dev"):
        text = (root / f"requirements/{name}.txt").read_text()
        assert "://" not in text
        assert "--index" not in text
        pinned = re.findall(
            r"^([\w.-]+)(?:\[[^\]]+\])?==\S+.* \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\\n|\n))+",
            text,
            re.MULTILINE,
        )
        assert len(pinned) == len(re.findall(r"^\w", text, re.MULTILINE))


def test_locks_hold_what_the_package_asks_for(root, project):
    run = (root / "requirements/run.txt").read_text()
    dev = (root / "requirements/dev.txt").read_text()

    def name(requirement):
        return re.match(r"[\w.-]+", requirement)[0].lower().replace(".", "-").replace("_", "-")

    for requirement in project["project"]["dependencies"]:
        assert re.search(rf"^{name(requirement)}==", run, re.MULTILINE), requirement
    for requirement in project["dependency-groups"]["dev"]:
        assert re.search(rf"^{name(requirement)}==", dev, re.MULTILINE), requirement
    assert set(re.findall(r"^[\w.-]+==[\w.]+", run, re.MULTILINE)) <= set(
        re.findall(r"^[\w.-]+==[\w.]+", dev, re.MULTILINE)
    )


def test_no_file_names_somebodys_machine(root, tmp_path):
    clean = subprocess.run([sys.executable, ".ci/names.py"], cwd=root, capture_output=True, text=True)
    assert clean.stdout == ""
    assert clean.returncode == 0
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "notes.md").write_text("see /ho" + "me/somebody/x\n")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/run.txt").write_text("--index-url https://example.com/simple\n")
    found = subprocess.run(
        [sys.executable, root / ".ci/names.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert found.returncode == 1
    assert [line.split(":")[0] for line in found.stdout.splitlines()] == [
        "notes.md",
        "requirements/run.txt",
    ]


def test_the_unit_runs_the_daemon_and_keeps_it_in(root):
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string((root / "config/syncline.service").read_text())
    service = unit["Service"]
    assert service["ExecStart"].split()[1:] == [
        "run",
        "--config",
        "/etc/syncline/syncline.yaml",
        "--log-format",
        "json",
    ]
    assert service["LoadCredential"] == "syncline:/etc/syncline/secrets"
    assert int(service["TimeoutStopSec"]) > 20
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "MemoryDenyWriteExecute"):
        assert service[name] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_the_container_runs_as_an_ordinary_user_from_what_is_there(root):
    lines = (root / "config/Containerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (root / source).exists(), source
    assert "USER syncline" in lines
    assert 'ENTRYPOINT ["syncline"]' in lines
