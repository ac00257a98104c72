"""How well a trained network does on a set: metrics with intervals, calibration, its worst examples."""

from seqtrain.evaluation.chosen_set import ChosenSet
from seqtrain.evaluation.class_metrics import ClassEvaluation, evaluate_classes
from seqtrain.evaluation.evaluate import evaluate
from seqtrain.evaluation.label_metrics import LabelEvaluation, evaluate_labels
from seqtrain.evaluation.other_data import check_fits
from seqtrain.evaluation.outcomes import Outcomes, outcomes_of
from seqtrain.evaluation.page import page
from seqtrain.evaluation.resampling import Estimate, Resampling
from seqtrain.evaluation.value_metrics import ValueEvaluation, evaluate_values
from seqtrain.evaluation.worst import worst_first, worst_rows

__all__ = [
    "ChosenSet",
    "ClassEvaluation",
    "Estimate",
    "LabelEvaluation",
    "Outcomes",
    "Resampling",
    "ValueEvaluation",
    "check_fits",
    "evaluate",
    "evaluate_classes",
    "evaluate_labels",
    "evaluate_values",
    "outcomes_of",
    "page",
    "worst_first",
    "worst_rows",
]
