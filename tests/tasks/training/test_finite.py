"""A loss that is not a number stops the run before anything is saved."""

from types import SimpleNamespace

import pytest
import torch

from backbone.errors import InputError
from tasks.training.finite import FiniteLoss, require_sound_state


def trainer(step: int = 1, every: int = 10) -> SimpleNamespace:
    """A run of one process at an optimizer step."""
    strategy = SimpleNamespace(reduce=lambda values, reduce_op: values)
    return SimpleNamespace(
        global_step=step,
        log_every_n_steps=every,
        world_size=1,
        strategy=strategy,
        precision_plugin=SimpleNamespace(),
    )


def train(callback: FiniteLoss, at: SimpleNamespace, loss: float, ids: list[int]) -> None:
    batch = {"image_id": torch.tensor(ids)}
    callback.on_train_batch_end(at, None, {"loss": torch.tensor(loss)}, batch, 0)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_the_first_batch_that_went_wrong_is_named(loss):
    callback = FiniteLoss()
    train(callback, trainer(7), 1.0, [1, 2])
    train(callback, trainer(8), loss, [3, 4])
    train(callback, trainer(9), loss, [5, 6])
    with pytest.raises(InputError, match=r"images 3, 4 \(.* step 10\).*optimizer\.lr"):
        train(callback, trainer(10), loss, [7, 8])


def test_steps_between_the_logged_ones_do_not_wait_for_the_device():
    callback = FiniteLoss()
    for step in range(1, 10):
        train(callback, trainer(step), float("nan"), [step])
    assert len(callback.unchecked) == 9


@pytest.mark.parametrize(
    "moment", ["on_train_epoch_end", "on_save_checkpoint", "on_validation_start"]
)
def test_nothing_passes_the_end_of_an_epoch_or_into_a_checkpoint(moment):
    callback = FiniteLoss()
    train(callback, trainer(), float("nan"), [5])
    given = [{}] if moment == "on_save_checkpoint" else []
    with pytest.raises(InputError, match="images 5 "):
        getattr(callback, moment)(trainer(), None, *given)


def test_finite_losses_pass_and_are_forgotten():
    callback = FiniteLoss()
    for step in range(1, 11):
        train(callback, trainer(step), 1.0, [step])
    assert callback.unchecked == []
    callback.on_train_epoch_end(trainer(), None)


def test_weights_that_are_not_finite_are_not_scored():
    """The last step's loss is of the weights before it."""
    network = torch.nn.Linear(1, 1)
    FiniteLoss().on_validation_start(trainer(), network)
    torch.nn.init.constant_(network.bias, float("nan"))
    with pytest.raises(InputError, match="after step 1 the weights are not finite"):
        FiniteLoss().on_validation_start(trainer(), network)


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("exp_avg", torch.zeros(1), r"has the shape \[1\], not \[3, 2\]"),
        ("exp_avg_sq", torch.full((3, 2), float("nan")), "is not finite"),
        ("step", torch.tensor(float("inf")), "is not finite"),
    ],
)
def test_a_state_that_does_not_fit_its_parameter_is_refused(name, value, wrong):
    """Fused code would read beyond a smaller tensor."""
    parameter = torch.nn.Parameter(torch.zeros(3, 2))
    optimizer = torch.optim.AdamW([parameter])
    parameter.grad = torch.ones(3, 2)
    optimizer.step()
    require_sound_state(optimizer)
    optimizer.state[parameter][name] = value
    with pytest.raises(InputError, match=f"{name} of a parameter {wrong}"):
        require_sound_state(optimizer)


def test_a_state_that_an_optimizer_keeps_in_another_shape_is_sound():
    parameter = torch.nn.Parameter(torch.zeros(3, 2))
    optimizer = torch.optim.Adafactor([parameter])
    parameter.grad = torch.ones(3, 2)
    optimizer.step()
    assert optimizer.state[parameter]["row_var"].shape == (3, 1)
    require_sound_state(optimizer)
