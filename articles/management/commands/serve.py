import errno
import os
import socket
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.management.base import BaseCommand, CommandError

from articles import content_version
from irb_site import environment, supervisor


class Command(BaseCommand):
    help = (
        "Runs the web server and one worker, and stops both on SIGTERM or Ctrl+C. A worker that"
        " ends is started again; when the web server ends, the command does, with status 1."
    )

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", default="8000")
        parser.add_argument("--workers", type=int, default=2, help="processes of the web server")
        parser.add_argument(
            "--prepare", action="store_true", help="run the command `prepare` before"
        )

    def handle(self, *, host, port, workers, prepare, **options):
        address, port = self.free_address(host, port)
        self.know_site_url(f"http://{supervisor.in_url(host)}:{port}")
        if prepare:
            self.prepare()
        # What is kept was made by the code and under the settings of an earlier start.
        content_version.page_store().clear()
        supervisor.main(address, port, workers)

    def know_site_url(self, here):
        """Starts over if the settings have to be read anew, with another address of the site."""
        if not environment.text("SITE_URL") and here != settings.SITE_URL:
            os.environ["SITE_URL"] = here
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

    def prepare(self):
        """In a copy of this process, so that nothing is left of what it takes."""
        preparation = supervisor.Child("preparation", execute_from_command_line, ["", "prepare"])
        try:
            preparation.start()
            preparation.process.join()
        except KeyboardInterrupt:
            supervisor.stop_all([preparation])
            raise CommandError(
                "Stopped before everything was prepared; the next start goes on from here.",
                returncode=130,
            ) from None
        if preparation.status < 0:
            raise CommandError(f"The preparation was ended (status {preparation.status}).")
        if preparation.status:
            # It has said why.
            sys.exit(preparation.status)

    def free_address(self, host, port):
        """The numeric address and port to listen on, or a CommandError when that can't be.

        The web server itself shares its port with whoever else asks for it, so two
        publications would answer by turns: looking first is what keeps them apart.
        """
        if not (port.isdecimal() and 0 < int(port) < 65536):
            raise CommandError(f"PORT must be a number from 1 to 65535; it is {port!r}.")
        port = int(port)
        try:
            family, kind, _, _, place = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(place)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = (
                    f"Port {port} of {host} is taken; choose another: PORT={port + 1} make serve"
                )
            elif error.errno == errno.EACCES:
                reason = (
                    f"Port {port} is for root only; choose one above 1023: PORT=8000 make serve"
                )
            else:
                reason = (
                    f"HOST must be an address of this machine; {host!r} isn't: {error.strerror}"
                )
            raise CommandError(reason) from None
        return place[0], port
