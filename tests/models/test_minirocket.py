"""MiniRocket's features are those of its paper, computed here step by step."""

import math
from itertools import combinations

import pytest
import torch

from seqtrain.models.fixed_kernels import draw_channels, spread_dilations
from seqtrain.models.minirocket import MiniRocket

KERNELS = list(combinations(range(9), 3))


def answer(series, kernel, dilation):
    """A kernel at every step of one summed series (T,), zeros around it."""
    count = len(series)
    found = []
    for t in range(count):
        total = 0.0
        for place in range(9):
            at = t + (place - 4) * dilation
            if 0 <= at < count:
                total += (2 if place in kernel else -1) * series[at]
        found.append(total)
    return found


def features_in_loops(model, sequence):
    """(T, F) -> the shares in the order of dilations, kernels and biases."""
    expected, biases = [], iter(model.biases.tolist())
    for place, (dilation, count) in enumerate(model.dilations):
        for number, kernel in enumerate(KERNELS):
            rows = model.channels[place].expand(-1, 84)[:, number].tolist()
            series = [sum(step[row] for row in rows if row < len(step)) for step in sequence.tolist()]
            found = answer(series, kernel, dilation)
            reach = 4 * dilation
            if (place + number) % 2 and len(series) > 2 * reach:
                found = found[reach:-reach]
            for _ in range(count):
                bias = next(biases)
                expected.append(sum(each > bias for each in found) / len(found))
    return torch.tensor(expected, dtype=torch.float64)


def fitted(in_features, lengths, **settings):
    torch.manual_seed(0)
    model = MiniRocket(in_features, longest=max(lengths), **settings).double()
    inputs = torch.randn(len(lengths), max(lengths), in_features, dtype=torch.float64)
    for row, length in enumerate(lengths):
        inputs[row, length:] = 0
    model.fit(inputs, torch.tensor(lengths))
    return model, inputs, torch.tensor(lengths)


@pytest.mark.parametrize("in_features", [1, 3, 12])
def test_features_are_the_shares_of_the_paper(in_features):
    lengths = [40, 33, 20, 9, 8, 3, 1]  # kernels of dilation 4 do not fit in the last five
    model, inputs, counts = fitted(in_features, lengths, features=84 * 9)
    outputs, after = model(inputs, counts)
    assert after.tolist() == [1] * len(lengths)
    shares = outputs[:, 0] / model.scale + model.mean
    for row, length in enumerate(lengths):
        torch.testing.assert_close(shares[row], features_in_loops(model, inputs[row, :length]))


def test_at_every_step_a_feature_is_whether_the_kernel_is_found_there():
    model, inputs, counts = fitted(1, [30, 30, 25], features=84 * 4, per_step=True)
    outputs, after = model(inputs, counts)
    assert torch.equal(after, counts)
    found = outputs[1] / model.scale + model.mean  # (T, features)
    biases = iter(model.biases.tolist())
    column = 0
    for dilation, count in model.dilations:
        for kernel in KERNELS:
            at_each = answer(inputs[1, :, 0].tolist(), kernel, dilation)
            for _ in range(count):
                bias = next(biases)
                expected = torch.tensor([float(each > bias) for each in at_each], dtype=torch.float64)
                torch.testing.assert_close(found[:, column], expected)
                column += 1


def test_biases_are_quantiles_of_answers_to_the_training_series():
    model, inputs, _ = fitted(1, [50], features=84 * 7)  # one series, so that there is nothing to draw
    start = 0
    for dilation, count in model.dilations:
        for kernel in KERNELS:
            ordered = sorted(answer(inputs[0, :, 0].tolist(), kernel, dilation))
            for number in range(start, start + count):
                at = (number + 1) * (math.sqrt(5) + 1) / 2 % 1 * (len(ordered) - 1)
                low = math.floor(at)
                expected = ordered[low] + (at - low) * (ordered[min(low + 1, 49)] - ordered[low])
                assert float(model.biases[number]) == pytest.approx(expected, abs=1e-9)
            start += count
    assert start == model.out_features


def test_features_leave_standardised_over_the_training_set():
    model, inputs, counts = fitted(2, [40] * 30, features=840)
    outputs = model(inputs, counts)[0][:, 0] * model.out_features**0.5
    torch.testing.assert_close(outputs.mean(0), torch.zeros(840, dtype=torch.float64), atol=1e-9, rtol=0)
    deviations = outputs.std(0, correction=0)
    varies = deviations > 1e-6
    assert int(varies.sum()) > 800
    torch.testing.assert_close(deviations[varies], torch.ones(int(varies.sum()), dtype=torch.float64))


def test_has_9996_features_and_no_parameters():
    model = MiniRocket(1, longest=150)
    assert model.out_features == 9996
    assert not list(model.parameters())


@pytest.mark.parametrize(
    ("longest", "per_kernel", "most"), [(150, 119, 32), (1000, 119, 32), (24, 119, 32), (40, 5, 3)]
)
def test_dilations_grow_by_one_factor_until_the_kernel_just_fits(longest, per_kernel, most):
    found = spread_dilations(longest, per_kernel, most)
    count = min(per_kernel, most)
    widest = (longest - 1) / 8
    drawn = [int(widest ** (place / (count - 1)) + 1e-9) for place in range(count)]
    assert [dilation for dilation, _ in found] == sorted(set(drawn))
    assert sum(features for _, features in found) == per_kernel
    for dilation, features in found:
        assert 0 <= features - int(drawn.count(dilation) * per_kernel / count) <= 1


@pytest.mark.parametrize("longest", [1, 2, 8, 9])
def test_what_is_shorter_than_a_kernel_has_one_dilation(longest):
    assert spread_dilations(longest, 119, 32) == [(1, 119)]


def test_a_kernel_sees_one_to_nine_features_each_once():
    torch.manual_seed(0)
    for features in (2, 5, 40):
        drawn = draw_channels(features, 20).transpose(1, 2).flatten(0, 1).tolist()  # (kernels, most)
        counts = [sum(row < features for row in rows) for rows in drawn]
        assert set(counts) == set(range(1, min(features, 9) + 1))
        assert all(
            len({row for row in rows if row < features}) == count for rows, count in zip(drawn, counts, strict=True)
        )
        assert {row for rows in drawn for row in rows} >= set(range(features))
        share = sum(count == 1 for count in counts) / len(counts)  # P(2^u < 2), u uniform below log2(most + 1)
        assert share == pytest.approx(1 / math.log2(min(features, 9) + 1), abs=0.05)
