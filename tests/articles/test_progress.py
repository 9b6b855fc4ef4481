from io import StringIO

import pytest

from articles.management import progress


@pytest.mark.parametrize(
    ("verbosity", "seconds", "said"),
    [
        (0, 0, ""),
        (1, 0, "1 …2 …"),
        # The last line is a moment old.
        (1, 60, ""),
        (2, 60, "1 …2 …"),
    ],
)
def test_long_commands_say_now_and_then_how_far_they_are(monkeypatch, verbosity, seconds, said):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", seconds)
    stdout = StringIO()
    say = progress.Progress(stdout, verbosity)

    say(1)
    say(2)

    assert stdout.getvalue() == said
