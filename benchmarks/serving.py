"""What a page costs, stored and made anew, beside the least that it could cost.

    python benchmarks/serving.py [--sizes 1000,10000] [--database sqlite|postgresql|both]
                                 [--seconds 3 --rounds 5] [--strain 60] [--keep FOLDER]
                                 [--json FILE] [--plot FILE.svg]

Makes publications of the given sizes, each once for all runs (they stay in FOLDER); starts
`manage.py serve` and nginx as in production, and beside them what they are compared with: nginx
with a plain compressed file of the same bytes, and bare views under the same web server, one of
which asks the database for an article. wrk asks for all of it by turns, eight requests at a time.
With --strain also readers and editors at once for so many seconds, and 2,000 connections that do
as they please.

The figure to trust on a machine that does other things, too, is the time that the processors
spent: of all processes with a part in the answer, the database's and nginx's included. Needs wrk,
nginx and the test requirements.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from publications import DATABASES, KEPT, ROOT, Publication
from reporting import growth, paragraph, table, write_json, write_plot

_MEASURING = Path(__file__).with_name("measuring.py")


def main():
    chosen = _arguments()
    runs = []
    for database in DATABASES if chosen.database == "both" else [chosen.database]:
        for size in chosen.sizes:
            publication = Publication(chosen.keep, database, size)
            with publication.running():
                run = _measured(publication, chosen)
            runs.append(run)
            print(f"\n{publication}\n\n{table(run['rows'])}\n")
            for name in ("memory_mb", "idle_cpu_ms_per_second"):
                print(paragraph(name.replace("_", " "), run[name]))
            for name, found in run["strain"].items():
                print(paragraph(name, found))
            sys.stdout.flush()
            # What was measured is kept, whatever becomes of the next one.
            if chosen.json:
                write_json(chosen.json, runs)
    if len(chosen.sizes) > 1:
        print(f"\n{growth(runs)}")
    if chosen.plot:
        write_plot(chosen.plot, runs)


def _arguments():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--sizes", "--articles", default=[1000], type=lambda text: list(map(int, text.split(",")))
    )
    options.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    options.add_argument("--seconds", type=int, default=3, help="of each round of each target")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--strain", type=int, default=0, metavar="SECONDS")
    options.add_argument("--only", default="", help="a word that the names of pages must hold")
    options.add_argument("--keep", default=KEPT, metavar="FOLDER")
    options.add_argument("--port", type=int, default=8430, help="the first of seven")
    options.add_argument("--json", type=Path, metavar="FILE")
    options.add_argument("--plot", type=Path, metavar="FILE.svg")
    return options.parse_args()


def _measured(publication, chosen):
    """The run of one publication, by a process that knows its articles as it does itself."""
    task = {name: getattr(chosen, name) for name in ("seconds", "rounds", "strain", "only", "port")}
    task |= {"keep": str(chosen.keep), "database": publication.database}
    task |= {"articles": publication.articles}
    task["server"] = publication.server.pid if publication.server else None
    command = [sys.executable, _MEASURING, json.dumps(task), str(os.getpid())]
    with subprocess.Popen(
        command, cwd=ROOT, env=publication.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            output, _none = process.communicate()
        except BaseException:
            # It stops what it has started; meanwhile the database stays.
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        sys.exit(f"{publication} could not be measured.")
    return json.loads(output)


if __name__ == "__main__":
    main()
