"""Train what docs/results.md compares, and write its tables and its figure.

    python scripts/results.py train                 # every sweep, on with what is not completed; hours
    python scripts/results.py train series digits   # some of them
    python scripts/results.py lines                 # what `train` types, to see or change it
    python scripts/results.py tables                # into docs/results.md and docs/figures/accuracy.png
    python scripts/results.py rows outputs/sweeps/* # a row for each sweep of an experiment

The sweeps are those of scripts/compared/sweeps.yaml; their data lies below $SEQTRAIN_DATA. `rows` takes `metric=rmse`
for another metric than the first that a run has of accuracy, scaled/rmse and mse.
"""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from compared.experiments import print_rows
from compared.figure import accuracy_against_time
from compared.reached import read_reached
from compared.sweeps import Plan, read_plan
from compared.tables import mean_of, page

PAGE = Path("docs/results.md")
FIGURE = Path("docs/figures/accuracy.png")
BEGIN, END = "<!-- scripts/results.py tables: from here -->", "<!-- to here -->"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "lines", "tables", "rows"])
    parser.add_argument("names", nargs="*", help="of sweeps; for rows their folders")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="that train at once")
    given = parser.parse_args()
    if given.what == "rows":
        return print_rows(given.names)
    plan = read_plan()
    known = [sweep.name for sweep in plan.sweeps]
    if unknown := [name for name in given.names if name not in known]:
        parser.error(f"no sweep {unknown[0]}: there are {', '.join(known)}")
    if given.what == "tables":
        return write(plan) if not given.names else parser.error("tables takes no names: it writes all of them")
    status = 0
    for sweep in plan.sweeps:
        if not given.names or sweep.name in given.names:
            for words in plan.lines(sweep, given.processes):
                print(shlex.join(["python", "train.py", *words]), flush=True)
                if given.what == "train":
                    status |= subprocess.run([sys.executable, "train.py", *words], check=False).returncode
    return status


def write(plan: Plan) -> int:
    """The tables and the figure of what is completed; what is missing is told, with status 1."""
    reached, missing = read_reached(plan)
    means = [mean_of(sweep, reached) for sweep in plan.sweeps if sweep.averaged]
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{page(plan, reached, means)}\n\n{END}{after}", encoding="utf-8")
    drawn = [*means, *(each for each in reached if not each.sweep.averaged)]
    accuracy_against_time(drawn, plan).savefig(FIGURE)
    for line in missing:
        print(f"missing: {line}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
