"""Known holes in the packages of requirements.lock: python scripts/audit.py PIP_AUDIT

Asks pypi.org, and where it does not answer for every package osv.dev. Exit status 0: both name and version of each
are known, and no hole; 1: holes, which are listed; 3: neither answered, so that nothing is known.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SERVICES = {"pypi": "pypi.org", "osv": "osv.dev"}


def asked(pip_audit: str, service: str, folder: Path) -> tuple[list[dict[str, Any]] | None, str]:
    """What a service says of each package, None where it does not say it of all; and why."""
    report = folder / f"{service}.json"
    line = [pip_audit, "--requirement", str(ROOT / "requirements.lock"), "--no-deps", "--disable-pip", "--strict"]
    line += ["--progress-spinner=off", f"--vulnerability-service={service}", "--format=json", f"--output={report}"]
    done = subprocess.run(line, capture_output=True, text=True)
    if not report.is_file():  # it is written once all of them were asked for
        return None, (done.stderr.strip().splitlines() or ["no answer"])[-1]
    return json.loads(report.read_text())["dependencies"], ""


def audit(pip_audit: str) -> int:
    for service, host in SERVICES.items():
        with tempfile.TemporaryDirectory() as folder:
            packages, why = asked(pip_audit, service, Path(folder))
        if packages is None or any("skip_reason" in each for each in packages):
            print(f"{host} does not answer for every package: {why}", file=sys.stderr)
            continue
        holes = [(each, hole) for each in packages for hole in each["vulns"]]
        for each, hole in holes:
            fixed = ", ".join(hole["fix_versions"]) or "no version"
            print(f"{each['name']} {each['version']}: {hole['id']}, fixed in {fixed}")
        print(f"{len(packages)} packages, {len(holes)} known holes ({host})")
        return 1 if holes else 0
    print("nothing is known: neither could be asked for every package, which is no pass", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1]))
