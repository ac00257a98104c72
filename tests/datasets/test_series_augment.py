"""Window crop, scaling and jitter of series: what they may change, and that padding and company do not matter."""

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seqtrain.arrays import Arrays
from seqtrain.batch import Batch, valid_steps
from seqtrain.datasets.series_augment import Changes, SeriesAugment, series_augment
from seqtrain.datasets.table import Table
from seqtrain.datasets.ts import Ts
from seqtrain.errors import WrongInput
from seqtrain.loading import Loading, load_data
from seqtrain.randomness import Draws, generator
from seqtrain.sequences import Sequences

LENGTHS = torch.tensor([20, 7, 2, 1])
MEAN, STD = torch.tensor([3.0, -1.0]), torch.tensor([2.0, 0.5])


def series(padded_to: int = 20, targets: Tensor | None = None, scored: Tensor | None = None) -> Batch:
    inputs = torch.randn(4, 20, 2, generator=generator(0)) * valid_steps(LENGTHS, 20)[:, :, None]
    inputs = torch.nn.functional.pad(inputs, (0, 0, 0, padded_to - 20))
    targets = torch.arange(4) if targets is None else targets
    return Batch(inputs, LENGTHS, targets, scored, torch.tensor([7, 3, 5, 9]))


def changed(batch: Batch, epoch: int = 0, **changes: float) -> Batch:
    return SeriesAugment(MEAN, STD, **changes)(batch, Draws(1, epoch, batch.indices))


@pytest.mark.parametrize("crop", [0.3, 0.9])
def test_a_crop_keeps_a_window_anywhere_of_any_length_down_to_its_share(crop: float) -> None:
    batch, found = series(), set()
    for epoch in range(3000 if crop == 0.3 else 50):
        result = changed(batch, epoch, crop=crop)
        for row, length in enumerate(LENGTHS.tolist()):
            kept = int(result.lengths[row])
            assert kept >= max(1, length * (1 - crop) - 1e-6)
            starts = [
                start
                for start in range(length - kept + 1)
                if torch.equal(result.inputs[row, :kept], batch.inputs[row, start : start + kept])
            ]
            assert len(starts) == 1
            found.add((row, starts[0], kept))
        assert not result.inputs[~valid_steps(result.lengths, result.inputs.shape[1])].any()
        assert result.inputs.shape[1] == result.lengths.max()
    if crop == 0.3:
        every = {
            (row, start, length - cut)
            for row, length in enumerate(LENGTHS.tolist())
            for cut in range(math.floor(length * crop + 1e-6) + 1)
            for start in range(cut + 1)
        }
        assert found == every


def test_targets_and_scored_steps_are_cut_as_the_inputs_are() -> None:
    steps = torch.arange(20).expand(4, 20) * valid_steps(LENGTHS, 20)
    scored = valid_steps(LENGTHS, 20) & (torch.rand(4, 20, generator=generator(1)) < 0.7)
    for targets, epoch in itertools.product((steps, steps[:, :, None].float()), range(50)):
        batch = series(targets=targets, scored=scored)
        batch = batch._replace(inputs=steps[:, :, None].expand(-1, -1, 2).float())  # every step says which it is
        result = changed(batch, epoch, crop=0.5)
        assert result.scored is not None
        assert torch.equal(result.targets.reshape(4, -1).float(), result.inputs[:, :, 0])
        for row, kept in enumerate(result.lengths.tolist()):
            start = int(result.inputs[row, 0, 0])
            assert torch.equal(result.scored[row, :kept], scored[row, start : start + kept])
            assert not result.scored[row, kept:].any()
        assert (result.scored.any(1) == scored.any(1)).all()  # no sequence is left with nothing to learn


def test_scaling_multiplies_what_each_feature_is_off_its_mean_by_one_factor() -> None:
    batch, factors = series(), []
    for epoch in range(300):
        result = changed(batch, epoch, scaling=0.2).inputs
        for row, length in enumerate(LENGTHS.tolist()):
            factor = (result[row, :length] - MEAN) / (batch.inputs[row, :length] - MEAN)  # (T, F)
            torch.testing.assert_close(factor, factor[:1].expand_as(factor), atol=1e-3, rtol=1e-3)
            assert not result[row, length:].any()
            factors.append(factor[0])
    drawn = torch.stack(factors)
    torch.testing.assert_close(drawn.mean(0), torch.ones(2), atol=0.02, rtol=0)
    torch.testing.assert_close(drawn.std(0), torch.full((2,), 0.2), atol=0.02, rtol=0)
    assert abs(float(torch.corrcoef(drawn.T)[0, 1])) < 0.1  # each feature has a factor of its own


def test_jitter_is_noise_in_deviations_of_each_feature_on_valid_steps_alone() -> None:
    batch, noise = series(), []
    valid = valid_steps(LENGTHS, 20)
    for epoch in range(200):
        added = changed(batch, epoch, jitter=0.1).inputs - batch.inputs
        assert not added[~valid].any()
        noise.append(added[valid])
    drawn = torch.cat(noise)
    torch.testing.assert_close(drawn.std(0), 0.1 * STD, rtol=0.03, atol=0)
    torch.testing.assert_close(drawn.mean(0), torch.zeros(2), atol=0.01, rtol=0)


def test_a_changed_row_depends_on_its_index_and_epoch_alone() -> None:
    changes = {"jitter": 0.1, "scaling": 0.1, "crop": 0.5}
    together, padded = changed(series(), 5, **changes), changed(series(padded_to=33), 5, **changes)
    assert torch.equal(together.inputs, padded.inputs)
    assert torch.equal(together.lengths, padded.lengths)
    assert not torch.equal(together.lengths, changed(series(), 6, **changes).lengths)
    for row, length in enumerate(LENGTHS.tolist()):
        batch = series()
        one = slice(row, row + 1)
        alone = Batch(batch.inputs[one, :length], LENGTHS[one], batch.targets[one], None, batch.indices[one])
        result = changed(alone, 5, **changes)
        assert torch.equal(result.lengths, together.lengths[one])
        assert torch.equal(result.inputs[0], together.inputs[row, : int(result.lengths)])


def test_units_are_those_of_the_training_set_and_marks_of_missing_values_stay() -> None:
    train = Sequences.of([torch.randn(50, 4, generator=generator(2)) * 3 + 10 for _ in range(20)], torch.arange(20))
    assert series_augment(train, Changes()) is None
    augment = series_augment(train, Changes(jitter=1.0, scaling=0.5), marked=True)
    assert augment is not None
    torch.testing.assert_close(augment.std[:2], train.steps.std(0)[:2], rtol=1e-3, atol=0)
    batch = train.batch(torch.arange(20))
    result = augment(batch, Draws(0, 0, batch.indices))
    assert torch.equal(result.inputs[:, :, 2:], batch.inputs[:, :, 2:])
    assert (result.inputs[:, :, :2] != batch.inputs[:, :, :2]).all()


def test_series_of_files_are_changed_where_a_setting_says_so(tmp_path: Path) -> None:
    (tmp_path / "a_TRAIN.ts").write_text("@univariate true\n@classLabel true x y\n@data\n1,2,9:x\n2,?,7:y\n")
    (tmp_path / "b.csv").write_text("label,t0,t1,t2\nx,1,2,9\ny,2,,7\n")
    files: list[tuple[Any, dict[str, Any]]] = [
        (Ts, {"folder": ".", "name": None, "train": "a_TRAIN.ts"}),
        (Table, {"train": "b.csv", "target": "label"}),
    ]
    for kind, settings in files:
        settings = {**settings, "root": str(tmp_path), "missing": "indicator"}
        sets = kind(**settings).load(0)
        assert sets.fit_augment(sets.train) is None
        sets = kind(**settings, jitter=0.3).load(0)
        batch = sets.train.batch(torch.arange(2))
        marks = sets.fit_augment(sets.train)(batch, Draws(0, 0, batch.indices)).inputs[:, :, 1]
        assert torch.equal(marks, torch.tensor([[0.0, 0, 0], [0, 1, 0]]))


def test_neither_workers_nor_an_interruption_change_what_is_learnt_from() -> None:
    series = [torch.randn(9 + i % 5, 2, generator=generator(3, i)) for i in range(30)]

    def batches(workers: int, position: int) -> list[Batch]:
        arrays = Arrays(inputs=series, targets=["a", "b"] * 15, jitter=0.1, scaling=0.1, crop=0.3)
        data = load_data(arrays, Loading(batch_size=4, workers=workers), seed=2)
        chunks = data.training(seed=2, accumulate=1, chunk=2, total_steps=30, position=lambda: position)
        return [batch for chunk in chunks for group in chunk for batch in group]

    whole = batches(0, 0)
    for workers, position in ((1, 0), (2, 0), (0, 3), (2, 3)):
        again = batches(workers, position)
        assert len(again) == len(whole) - position
        for one, other in zip(whole[position:], again, strict=True):
            assert torch.equal(one.inputs, other.inputs)
            assert torch.equal(one.lengths, other.lengths)


@pytest.mark.parametrize("name", ["crop", "scaling"])
def test_windows_of_a_forecast_are_neither_cropped_nor_scaled(name: str) -> None:
    with pytest.raises(WrongInput, match=f"{name} is 0.1 but layout is windows.*set data.{name}=0"):
        Table(train="a.csv", target="load", layout="windows", **{name: 0.1})
