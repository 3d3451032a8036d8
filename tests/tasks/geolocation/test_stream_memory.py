import sys

import pytest

from tests.tasks.geolocation import stream_memory


@pytest.mark.slow
def test_the_measurement_runs(monkeypatch, capsys):
    """On far too little to say anything about memory."""
    arguments = ["stream_memory", "--shards", "10", "--photographs", "10", "--workers", "0"]
    monkeypatch.setattr(sys, "argv", arguments)
    stream_memory.main()
    said = capsys.readouterr().out
    assert "100% of the shards: Rss" in said
    assert "Anonymous: " in said.splitlines()[-1]
