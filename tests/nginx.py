"""A real nginx in front of the publication: nothing installed for it, no rights needed."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest
from django.core.management import call_command

from tests.service import free_port, wait_for

CONFIGURATION = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/nginx-errors warn;
worker_rlimit_nofile 8192;
{user}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
    server {{
        listen 127.0.0.1:{port};
        {server}
    }}
}}
"""


def program():
    """The path of nginx. Skips the test where there is none; in CI that is a failure."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("No nginx was found.")
    return path


def include_for(upstream):
    """What the publication says that nginx should include."""
    from io import StringIO

    output = StringIO()
    call_command("nginx_config", upstream=upstream, stdout=output)
    return output.getvalue()


@contextmanager
def running(folder, *, server, http="", port=None):
    """nginx with something in its server block (and its http block), as its port."""
    nginx = program()
    folder.mkdir(exist_ok=True)
    port = port or free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=folder,
            user="user root;" if os.geteuid() == 0 else "",
            port=port,
            http=http,
            server=server,
        )
    )
    errors = folder / "nginx-errors"
    process = subprocess.Popen([nginx, "-c", configuration, "-e", errors])
    try:
        wait_for(lambda: (folder / "nginx.pid").exists() or process.poll() is not None, "nginx")
        assert process.poll() is None, errors.read_text()
        yield port
    finally:
        process.terminate()
        process.wait(30)
