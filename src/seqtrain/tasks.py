"""Tasks: what is predicted, with which head, and how that is scored."""

from typing import Literal

import torch
from torch import Tensor, nn

from seqtrain.batch import Predicts, Spec
from seqtrain.criteria import ClassCriterion, Criterion, LabelCriterion, ValueCriterion, ValueLoss
from seqtrain.errors import WrongInput
from seqtrain.heads import LabelProbabilities, LogProbabilities, Read, StepHead, out_features, sequence_head
from seqtrain.metrics import ClassScores, LabelScores, Scores, ValueScores
from seqtrain.ranges import Fraction

ReadSetting = Literal["auto", "mean", "max", "last", "flatten"]
ClassWeights = Literal["none", "balanced"]


class StepRegression:
    """Values at every step.

    Args:
        loss: error of each scored value: mse, mae or huber (delta 1).
    """

    predicts = "step_values"

    def __init__(self, *, loss: ValueLoss = "mse") -> None:
        self._loss: ValueLoss = loss

    def head(self, backbone: nn.Module, spec: Spec) -> nn.Module:
        return StepHead(out_features(backbone), spec.width)

    def criterion(self, spec: Spec, scale: Tensor | None = None) -> Criterion:
        return ValueCriterion(self._loss, scale)

    def scores(self, spec: Spec) -> Scores:
        return ValueScores(spec.width, spec.scaled_by)


class Regression:
    """Values for a whole sequence.

    Args:
        read: how the model's steps become one vector; auto: as the model prefers.
        loss: error of each value: mse, mae or huber (delta 1).
    """

    predicts = "values"

    def __init__(self, *, read: ReadSetting = "auto", loss: ValueLoss = "mse") -> None:
        self._read: ReadSetting = read
        self._loss: ValueLoss = loss

    def head(self, backbone: nn.Module, spec: Spec) -> nn.Module:
        return _read_whole(backbone, spec, self._read)

    def criterion(self, spec: Spec, scale: Tensor | None = None) -> Criterion:
        return ValueCriterion(self._loss, scale)

    def scores(self, spec: Spec) -> Scores:
        return ValueScores(spec.width, spec.scaled_by)


class StepClassification:
    """A class at every step.

    Args:
        label_smoothing: share of every target that is spread over all classes, in validation and test too.
        class_weights: balanced weighs each class by the inverse of its count in the training set.
    """

    predicts = "step_classes"

    def __init__(self, *, label_smoothing: Fraction = 0.0, class_weights: ClassWeights = "none") -> None:
        self._label_smoothing = label_smoothing
        self._class_weights: ClassWeights = class_weights

    def head(self, backbone: nn.Module, spec: Spec) -> nn.Module:
        return LogProbabilities(StepHead(out_features(backbone), spec.width))

    def criterion(self, spec: Spec, scale: Tensor | None = None) -> Criterion:
        weights = _weights(spec, self._class_weights)
        return ClassCriterion(label_smoothing=self._label_smoothing, class_weights=weights)

    def scores(self, spec: Spec) -> Scores:
        return ClassScores(spec.width)


class Classification:
    """A class for a whole sequence.

    Args:
        read: how the model's steps become one vector; auto: as the model prefers.
        label_smoothing: share of every target that is spread over all classes, in validation and test too.
        class_weights: balanced weighs each class by the inverse of its count in the training set.
    """

    predicts = "classes"

    def __init__(
        self,
        *,
        read: ReadSetting = "auto",
        label_smoothing: Fraction = 0.0,
        class_weights: ClassWeights = "none",
    ) -> None:
        self._read: ReadSetting = read
        self._label_smoothing = label_smoothing
        self._class_weights: ClassWeights = class_weights

    def head(self, backbone: nn.Module, spec: Spec) -> nn.Module:
        return LogProbabilities(_read_whole(backbone, spec, self._read))

    def criterion(self, spec: Spec, scale: Tensor | None = None) -> Criterion:
        weights = _weights(spec, self._class_weights)
        return ClassCriterion(label_smoothing=self._label_smoothing, class_weights=weights)

    def scores(self, spec: Spec) -> Scores:
        return ClassScores(spec.width)


class Multilabel:
    """Any number of labels for a whole sequence.

    Args:
        read: how the model's steps become one vector; auto: as the model prefers.
    """

    predicts = "labels"

    def __init__(self, *, read: ReadSetting = "auto") -> None:
        self._read: ReadSetting = read

    def head(self, backbone: nn.Module, spec: Spec) -> nn.Module:
        return LabelProbabilities(_read_whole(backbone, spec, self._read))

    def criterion(self, spec: Spec, scale: Tensor | None = None) -> Criterion:
        return LabelCriterion()

    def scores(self, spec: Spec) -> Scores:
        return LabelScores(spec.width)


Task = StepRegression | Regression | StepClassification | Classification | Multilabel

_NAMED: dict[Predicts, tuple[str, str]] = {  # the task, and what the data of it has
    "step_values": ("step_regression", "values at every step"),
    "step_classes": ("step_classification", "a class at every step"),
    "values": ("regression", "values for each sequence"),
    "classes": ("classification", "a class for each sequence"),
    "labels": ("multilabel", "labels for each sequence"),
}


def task_for(predicts: Predicts) -> str:
    """The name of the task of data in which that is predicted."""
    return _NAMED[predicts][0]


def described(predicts: Predicts) -> str:
    """What the data of which that is predicted has."""
    return _NAMED[predicts][1]


def check_task(task: Task, predicts: Predicts, *, from_files: bool = False) -> None:
    """Raise WrongInput unless a task is of data in which that is predicted, saying which task is.

    Args:
        task: of a config.
        predicts: what the data asks for.
        from_files: whether that is known from files, which could be read otherwise.
    """
    if task.predicts != predicts:
        asked = task_for(task.predicts)  # type: ignore[arg-type]
        otherwise = f", or for tables of your own data.predicts={task.predicts}" if from_files else ""
        raise WrongInput(
            f"task is {asked} but the data has {described(predicts)}: set task={task_for(predicts)}{otherwise}"
        )


def _read_whole(backbone: nn.Module, spec: Spec, read: ReadSetting) -> nn.Module:
    wanted: Read = getattr(backbone, "read", "mean") if read == "auto" else read
    return sequence_head(backbone, spec.width, features=spec.features, longest=spec.longest, read=wanted)


def _weights(spec: Spec, class_weights: ClassWeights) -> Tensor | None:
    if class_weights == "none":
        return None
    if 0 in spec.class_counts:
        missing = spec.classes[spec.class_counts.index(0)]
        raise WrongInput(
            f"class_weights is balanced but the training set has no {missing!r}: set task.class_weights=none"
        )
    counts = torch.tensor(spec.class_counts, dtype=torch.float32)
    return counts.sum() / (len(counts) * counts)
