"""The benchmark of serving goes through, so that it is there when somebody wants to know."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from irb_site.environment import PROJECT
from tests.service import free_port


@pytest.mark.soak
@pytest.mark.skipif(not (shutil.which("wrk") and shutil.which("nginx")), reason="no wrk or nginx")
def test_serving_is_measured_and_nothing_is_stale_or_refused(tmp_path):
    results = tmp_path / "runs.json"
    environment = {name: value for name, value in os.environ.items() if "TEST_" not in name}
    options = {
        "--sizes": 20, "--database": "sqlite", "--seconds": 1, "--rounds": 1, "--strain": 5,
        "--keep": tmp_path, "--json": results, "--plot": tmp_path / "cost.svg",
        "--port": free_port(),
    }  # fmt: skip

    command = [sys.executable, "benchmarks/serving.py"]
    command += [f"{name}={value}" for name, value in options.items()]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, timeout=600)

    (run,) = json.loads(results.read_text())
    servers = {row["server"] for row in run["rows"]}
    bare = {"file", "WSGI view", "Django view", "ORM view"}
    assert servers == {*bare, "nginx", "python", "uncached"}
    assert {(row["refused"], row["failed"]) for row in run["rows"]} == {(0, 0)}
    assert {found["stale"] for found in run["strain"].values() if "stale" in found} == {0}
    assert "<script" not in (tmp_path / "cost-sqlite.svg").read_text()
