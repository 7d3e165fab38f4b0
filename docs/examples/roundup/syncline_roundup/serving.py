"""Makes a tracker as the README tells to, and serves it on loopback: `python serving.py FOLDER`.

It is Roundup itself, its classic template and its own `roundup-server`. Only what the server takes for the time is moved,
by the seconds that stand in `FOLDER/clock`, so that a test need not wait for an hour to pass.
"""

import datetime as dt
import mmap
import os
import shutil
import struct
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
FIELDS = (
    "description=String(), syncline=String(quiet=True), links=String(quiet=True), stamp=Number(quiet=True)"
)
ROLE = """
db.security.addRole(name="Syncline", description="The account of Syncline")
p = db.security.addPermission(name="View", klass="user", properties=("id", "username", "realname", "address"))
db.security.addPermissionToRole("Syncline", p)
"""
USERS = {"syncline": "User,Syncline", "dana": "User", "erin": "User", "admin": "Admin"}
CONFIG = {
    "tracker_web": "http://127.0.0.1/t/",
    "mail_domain": "tracker.example",
    "mail_host": "localhost",
    "web_migrate_passwords": "no",
}


def move_time(clock: Path) -> None:
    """What this process takes for the time is moved by what that file says."""
    with clock.open("rb") as file:
        moved = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    real = time.time
    time.time = lambda: real() + struct.unpack("d", moved[:8])[0]

    import roundup.date

    roundup.date.utcnow = lambda: dt.datetime.fromtimestamp(time.time(), dt.UTC)


def install(home: Path, mail: Path) -> None:
    """A tracker with our fields, our role, our detector and the journal; and its people."""
    from roundup import instance
    from roundup.admin import AdminTool

    options = ",".join(f"{name}={value}" for name, value in {**CONFIG, "mail_debug": mail}.items())
    sys.argv = ["roundup-admin", "-i", str(home), "install", "classic", "sqlite", options]
    AdminTool().main()
    schema = home / "schema.py"
    text = schema.read_text().replace('status=Link("status"))', f'status=Link("status"), {FIELDS})')
    schema.write_text(text + ROLE)
    shutil.copytree(HERE / "tracker", home, dirs_exist_ok=True)
    tracker = instance.open(str(home))
    from roundup.password import Password

    # A hash is made anew for each request, and slowly on purpose; these passwords protect nothing.
    tracker.init(Password("admin-secret", scheme="plaintext"))
    db = tracker.open("admin")
    for user, roles in USERS.items():
        if user != "admin":
            secret = Password(f"{user}-secret", scheme="plaintext")
            db.user.create(username=user, password=secret, roles=roles, address=f"{user}@tracker.example")
    db.commit()
    db.close()


def serve(home: Path) -> None:
    """Serve it as `t`, and say on standard output at which port."""
    from roundup.scripts import roundup_server

    # Header and body of a reply are two packets: without it each reply waits for an acknowledgement.
    roundup_server.RoundupRequestHandler.disable_nagle_algorithm = True
    config = roundup_server.ServerConfig()
    config.add_option(roundup_server.TrackerHomeOption(config, "trackers", "t"))
    config["TRACKERS_T"] = str(home)
    config["HOST"], config["PORT"], config["MULTIPROCESS"] = "127.0.0.1", 0, "thread"
    if os.getuid() == 0:
        config["USER"] = "root"
    server = config.get_server()
    tracker = server.RequestHandlerClass.TRACKERS["t"]
    tracker.config["TRACKER_WEB"] = f"http://127.0.0.1:{server.server_port}/t/"
    print(f"\nport {server.server_port}", flush=True)
    server.serve_forever()


def end_with_parent() -> None:
    """Whoever started this holds the other end of standard input, and lets go of it in any death."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    folder = Path(sys.argv[1])
    move_time(folder / "clock")
    install(folder / "tracker", folder / "mail")
    (folder / "tracker" / "db").rename(folder / "empty")
    serve(folder / "tracker")
