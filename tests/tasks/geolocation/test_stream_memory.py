import pytest

from tests.conftest import call
from tests.tasks.geolocation import stream_memory


@pytest.mark.slow
def test_the_measurement_runs():
    """On far too little to say anything about memory."""
    said = call(stream_memory.main, "--shards", 10, "--photographs", 10, "--workers", 0).out
    assert "100% of the shards: Rss" in said
    assert "Anonymous: " in said.splitlines()[-1]
