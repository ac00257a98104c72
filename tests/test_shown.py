"""What a test shows: some predictions spread over the set, copied out of their batches, and the classes' counts."""

import pytest
import torch
from torch import Tensor

from seqtrain.batch import Spec
from seqtrain.sequences import Sequences
from seqtrain.shown import Shown

LENGTHS = [3 + index % 5 for index in range(600)]


def watched(predicts: str, batch_size: int = 50) -> tuple[Shown, list[Tensor]]:
    """What was shown of 600 sequences, and all outputs, one a sequence."""
    torch.manual_seed(0)
    steps = [torch.randn(length, 2) for length in LENGTHS]
    if predicts == "step_values":
        sequences = Sequences.of(steps, [torch.randn(length, 1) for length in LENGTHS])
    else:
        sequences = Sequences.of(steps, torch.arange(600) % 3)
    classes = ("a", "b", "c") if predicts == "classes" else ()
    shown = Shown(Spec(2, 3, 7, predicts, len(classes) or 1, classes), sequences)  # type: ignore[arg-type]
    answers: list[Tensor] = [torch.empty(0)] * 600
    with torch.inference_mode():
        for indices in torch.randperm(600).split(batch_size):
            batch = sequences.batch(indices)
            outputs = torch.randn(*batch.inputs.shape[:2], 1) if not classes else torch.randn(len(indices), 3)
            shown.see(batch, outputs)
            for index, output in zip(indices.tolist(), outputs, strict=True):
                answers[index] = output[: LENGTHS[index]] if not classes else output
    shown.gather()
    return shown, answers


@pytest.mark.parametrize("predicts", ["step_values", "classes"])
def test_every_so_many_th_answer_is_kept_padded_like_its_batch(predicts: str) -> None:
    shown, answers = watched(predicts)
    assert shown.indices == list(range(0, 600, 3))  # at most 256
    assert len(shown.predictions) == len(shown.batch.inputs) == 200
    for row, index in enumerate(shown.indices):
        expected = answers[index]
        assert torch.equal(shown.predictions[row][: len(expected)], expected)
        if predicts == "step_values":
            assert shown.predictions.shape[1] == shown.batch.inputs.shape[1]
            assert not shown.predictions[row][len(expected) :].any()


def test_classes_are_counted_over_the_whole_set() -> None:
    shown, answers = watched("classes")
    expected = torch.zeros(3, 3, dtype=torch.int64)
    for index, answer in enumerate(answers):
        expected[index % 3, int(answer.argmax())] += 1
    assert shown.counts is not None
    assert torch.equal(shown.counts, expected)


def test_no_batch_is_kept_in_memory() -> None:
    """A row that is cut out of a batch's outputs keeps all of them: in a long test, a hundred times what is shown."""
    sequences = Sequences.of([torch.zeros(10, 1)] * 4, [torch.zeros(10, 1)] * 4)
    shown = Shown(Spec(1, 10, 10, "step_values", 1), sequences)
    outputs = torch.zeros(4, 10, 1)
    shown.see(sequences.batch(torch.arange(4)), outputs)
    kept = [each.untyped_storage().data_ptr() for each in shown._kept.values()]
    assert len(kept) == 4
    assert outputs.untyped_storage().data_ptr() not in kept
