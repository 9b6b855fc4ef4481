"""The web server as a process of its own: granian with the options that this site needs.

`manage.py serve` starts it as `python -m irb_site.web_server ADDRESS PORT PROCESSES`.
"""

import multiprocessing
import signal
import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from irb_site.processes import end_with_parent

# Two requests at a time in each process: more threads only wait for one another.
THREADS_PER_PROCESS = 2
SECONDS_TO_FINISH_REQUESTS = 5


def load_application():
    """What each of granian's processes runs first. It must not outlive granian itself."""
    # Inherited from granian, and deaf until the application is loaded: a stop meanwhile
    # would go unheard.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent(multiprocessing.parent_process().pid)
    from irb_site.wsgi import application

    return application


def main(address, port, processes):
    server = Granian(
        "irb_site.wsgi:application",
        address=address,
        port=int(port),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=int(processes),
        blocking_threads=THREADS_PER_PROCESS,
        workers_kill_timeout=SECONDS_TO_FINISH_REQUESTS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    )
    server.serve(target_loader=load_application, wrap_loader=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
