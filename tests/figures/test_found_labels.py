"""The figure of labels: a row a label, those that most sequences have above, none that would be too many."""

import torch

from seqtrain.figures.found_labels import found_labels


def test_labels_are_in_order_of_how_many_have_them() -> None:
    counts = torch.tensor([[2, 5, 0], [4, 6, 0], [2, 10, 0]])
    axes = found_labels(counts, ["rare", "often", "never"]).get_axes()[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["often (6)", "rare (4)", "never (0)"]
    precision, recall = (line.get_xdata() for line in axes.get_lines())
    assert list(precision[:2]) == [0.5, 1.0]
    assert list(recall[:2]) == [5 / 6, 0.5]
    assert "f1 over all labels 0.636" in axes.get_title(loc="left")  # 2 * 7 / (10 + 12)


def test_of_many_labels_some_are_drawn_and_the_title_says_so() -> None:
    counts = torch.randint(1, 9, (3, 60))
    axes = found_labels(counts, [f"label {n}" for n in range(60)]).get_axes()[0]
    assert len(axes.get_yticks()) == 40
    assert "40 of 60 labels" in axes.get_title(loc="left")
