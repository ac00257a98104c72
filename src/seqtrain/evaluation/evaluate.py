"""The metrics that fit what is predicted."""

from seqtrain.batch import Spec
from seqtrain.evaluation.class_metrics import evaluate_classes
from seqtrain.evaluation.files import Evaluation
from seqtrain.evaluation.label_metrics import evaluate_labels
from seqtrain.evaluation.outcomes import Outcomes
from seqtrain.evaluation.resampling import Resampling
from seqtrain.evaluation.value_metrics import evaluate_values


def evaluate(outcomes: Outcomes, spec: Spec, resampling: Resampling) -> Evaluation:
    """Metrics with intervals of what a network made of a set."""
    if spec.predicts == "labels":
        return evaluate_labels(outcomes, resampling)
    return evaluate_classes(outcomes, spec.width, resampling) if spec.classes else evaluate_values(outcomes, resampling)
