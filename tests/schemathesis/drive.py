"""Starts a server, lets schemathesis ask it, counts, and says what was found."""

import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from seed import seed as fill

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOKEN = "test-bootstrap-token-0123456789abcdef"
PASSWORD = "correct-horse-battery"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def is_ready(url):
    try:
        with urllib.request.urlopen(url + "/-/health/ready/", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


class Server:
    """The real binary with a folder and a database of its own."""

    def __init__(self, database):
        # Joined to a whole path, a path stays what it is.
        binary = ROOT / os.environ.get("LOCKGATE_BIN", "target/release/lockgate")
        if not binary.exists():
            sys.exit(f"{binary} is missing: build it first (cargo build --release)")
        self.folder = tempfile.TemporaryDirectory(prefix="lockgate-schemathesis-")
        place = pathlib.Path(self.folder.name)
        (place / "data").mkdir()
        (place / "config").mkdir()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "LOCKGATE_LISTEN__HTTP": f"127.0.0.1:{port}",
            "LOCKGATE_DATA_DIR": str(place / "data"),
            "LOCKGATE_CONFIG_DIR": str(place / "config"),
            "LOCKGATE_LOG_FORMAT": "json",
            "LOCKGATE_BOOTSTRAP_PASSWORD": PASSWORD,
            "LOCKGATE_BOOTSTRAP_TOKEN": TOKEN,
            # Leaked passwords are looked up on this machine, where nobody answers.
            "LOCKGATE_HIBP_URL": "http://127.0.0.1:9/",
        }
        if database == "postgres":
            settings["LOCKGATE_DATABASE_URL"] = os.environ["LOCKGATE_TEST_POSTGRES_URL"]
        settings |= {name: os.environ[name] for name in ("PATH", "HOME", "TZ") if name in os.environ}
        self.log_path = place / "log"
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            [binary, "server"], env=settings, cwd=place, stdout=self.log, stderr=subprocess.STDOUT
        )
        started = time.monotonic()
        while not is_ready(self.url):
            if self.process.poll() is not None or time.monotonic() - started > 60:
                sys.exit("the server does not become ready:\n" + self.complaints(everything=True))
            time.sleep(0.1)

    def complaints(self, everything=False):
        """Lines of the log that tell of a fault of the server's."""
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            lines = [line for line in log if everything or '"level":"ERROR"' in line or "panicked" in line]
        return "".join(lines[-20:])

    def stop(self):
        """Ends it; answers whether it ended well by itself."""
        self.process.terminate()
        try:
            return self.process.wait(timeout=20) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            return False


def ask(server, folder, name, arguments):
    """One run of schemathesis; answers what hooks.py counted."""
    counts = folder / f"counts-{name}.json"
    counts.unlink(missing_ok=True)
    environment = os.environ | {
        "LOCKGATE_FUZZ_URL": server.url,
        "LOCKGATE_FUZZ_TOKEN": TOKEN,
        "LOCKGATE_FUZZ_TOKEN_NAME": "authentik-bootstrap-token",
        "LOCKGATE_FUZZ_COUNTS": str(counts),
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [
        str(pathlib.Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(HERE / "schemathesis.toml"), "--no-color"),
        *("run", server.url + "/api/v3/schema/?format=json", *arguments),
    ]
    with open(folder / f"output-{name}.txt", "wb") as output:
        code = subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=folder).returncode
    if not counts.exists():
        sys.exit(f"schemathesis did not run:\n{(folder / f'output-{name}.txt').read_text()[-3000:]}")
    return json.loads(counts.read_text()) | {"code": code}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("database", choices=["sqlite", "postgres"])
    options = parser.parse_args()
    folder = options.folder / options.database
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(options.database)
    try:
        run(server, folder, options)
    finally:
        server.stop()


def phases(short):
    """What each round does; links apart, since schemathesis comes to them only where time is left."""
    if short:
        return {
            "fuzzing": ["--phases", "fuzzing", "--max-examples", "2", "--max-time", "50"],
            "links": ["--phases", "stateful", "--max-examples", "10", "--max-time", "25"],
        }
    return {
        "coverage": ["--phases", "examples,coverage"],
        "fuzzing": ["--phases", "fuzzing", "--max-examples", "15", "--max-time", "420"],
        "links": ["--phases", "stateful", "--max-examples", "200", "--max-time", "300"],
    }


def run(server, folder, options):
    started = time.monotonic()
    total = {"requests": 0, "lost": 0, "statuses": {}, "slowest": (0.0, ""), "findings": {}, "operations": {}}
    unexplained = ""
    print(f"{fill(server.url, TOKEN, PASSWORD)} objects are there", flush=True)
    seed = options.seed
    while True:
        for phase, arguments in phases(options.short).items():
            name = f"{seed}-{phase}"
            part = ask(server, folder, name, [*arguments, "--seed", str(seed)])
            for count in ("requests", "lost"):
                total[count] += part[count]
            total["slowest"] = max(total["slowest"], tuple(part["slowest"]))
            for status, count in part["statuses"].items():
                total["statuses"][status] = total["statuses"].get(status, 0) + count
            for operation, good in part["operations"].items():
                total["operations"][operation] = total["operations"].get(operation, 0) + good
            for cause, finding in part["findings"].items():
                total["findings"].setdefault(cause, finding)
            causes = len(part["findings"])
            print(f"{phase} with seed {seed}: {part['requests']} requests, {causes} causes", flush=True)
            # Where schemathesis itself failed without a finding, its output says why.
            if part["code"] not in (0, 1) or (part["code"] == 1 and not part["findings"]):
                unexplained += (folder / f"output-{name}.txt").read_text()[-3000:]
        if options.short or total["requests"] >= options.requests or server.process.poll() is not None:
            break
        seed += 1
    seconds = time.monotonic() - started
    faults = server.complaints()
    is_alive = is_ready(server.url)
    ended_well = server.stop()
    for cause, finding in total["findings"].items():
        operations = ", ".join(list(finding["labels"])[:8])
        print(f"\n{cause}\n  {finding['count']} times: {operations}")
        print(f"  {finding['curl']}\n  {finding['answer']}")
    for told in (faults, unexplained):
        if told:
            print(f"\n{told}")
    reached = len([name for name, good in total["operations"].items() if good])
    statuses = dict(sorted(total["statuses"].items()))
    print(f"\n{options.database}: {total['requests']} requests in {seconds:.0f} s")
    print(f"  to {len(total['operations'])} operations, {reached} of which succeeded at least once; answers {statuses}")
    print(f"  slowest {total['slowest'][0]} s ({total['slowest'][1]}); {total['lost']} lost")
    print(f"  {len(total['findings'])} causes of failure")
    if total["findings"] or total["lost"] or faults or unexplained or not is_alive or not ended_well:
        sys.exit(f"tests/schemathesis/run: {options.database} failed (alive: {is_alive}, ended well: {ended_well})")


main()
