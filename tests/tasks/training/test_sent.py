"""What is sent once to where nothing can be taken back."""

from tasks.training.sent import Sent


def test_a_step_that_is_repeated_sends_nothing(tmp_path):
    sent = Sent(tmp_path / "sent.json")
    assert sent.new({"loss": 1.0, "epoch": 0}, 3) == {"loss": 1.0, "epoch": 0}
    sent.note({"loss": 1.0, "epoch": 0}, 3)
    again = Sent(tmp_path / "sent.json")
    assert again.new({"loss": 1.0, "epoch": 0}, 2) == {}
    assert again.new({"loss": 1.0, "score": 0.5, "epoch": 0}, 3) == {"score": 0.5, "epoch": 0}
    assert again.new({"loss": 1.0}, 4) == {"loss": 1.0}


def test_what_is_damaged_is_taken_as_nothing(tmp_path):
    (tmp_path / "sent.json").write_text("{")
    assert Sent(tmp_path / "sent.json").new({"loss": 1.0}, 0) == {"loss": 1.0}
