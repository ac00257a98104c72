"""A data set of arrays that a program holds: what `seqtrain.fit` trains on."""

from functools import partial
from typing import Any

from seqtrain.array_targets import Targets, read_targets
from seqtrain.batch import Predicts
from seqtrain.datasets.series_augment import Changes, series_augment
from seqtrain.errors import WrongInput
from seqtrain.ranges import Fraction, NonNegative
from seqtrain.sequences import Sequences, Sets, feature_statistics
from seqtrain.series_arrays import check_finite, to_sequences


class Arrays:
    """Sequences (T, F) in memory, of any lengths, with a class or values for each or for every step.

    A config cannot hold them: `seqtrain.fit` gives them. What is not given to test on is carved by the seed, of each
    class alike.

    Raises WrongInput where shapes do not fit, a number is not finite, or nothing was given, as when a stored run is
    trained again.

    Args:
        inputs: as `seqtrain.series_arrays.to_sequences` takes them
        targets: as `seqtrain.array_targets.read_targets` takes them
        test: inputs and targets to test on
        val: inputs and targets to validate on; where they are not given `val_fraction` says how many
        predicts: what targets are, where their shape leaves it open
        test_fraction: share to test on where `test` is not given; 0 for no test set
        normalize: whether each feature is brought to mean 0 and standard deviation 1 of the training set
        jitter: noise in training, in standard deviations of each feature (Um et al. 2017)
        scaling: of each feature about its mean, in training, by random factors of this deviation around 1
        crop: largest share of a sequence that is left out in training, before and after a random window, with the
            targets of its steps
    """

    def __init__(
        self,
        *,
        inputs: Any = None,
        targets: Any = None,
        test: Any = None,
        val: Any = None,
        predicts: Predicts | None = None,
        test_fraction: Fraction = 0.2,
        normalize: bool = True,
        jitter: NonNegative = 0.0,
        scaling: NonNegative = 0.0,
        crop: Fraction = 0.0,
    ) -> None:
        self.given: tuple[Any, Any] | None = None if inputs is None else (inputs, targets)
        self.test = test
        self.val = val
        self.predicts: Predicts | None = predicts
        self.test_fraction = test_fraction
        self.normalize = normalize
        self.changes = Changes(jitter, scaling, crop)

    def load(self, seed: int) -> Sets:
        if self.given is None:
            raise WrongInput(
                "this run was trained on arrays that a program gave to seqtrain.fit, and a run does not keep its data: "
                "choose data, as in data=sincos"
            )
        train, asked = _read(self.given, "sequence", self.predicts)
        test = (
            _read(self.test, "test sequence", asked.predicts, asked.classes, train.features)[0] if self.test else None
        )
        val = (
            _read(self.val, "validation sequence", asked.predicts, asked.classes, train.features)[0]
            if self.val
            else None
        )
        return Sets(
            train=train,
            val=val,
            test=test,
            predicts=asked.predicts,
            classes=asked.classes,
            test_fraction=self.test_fraction,
            normalize=feature_statistics if self.normalize else None,
            scale_targets=asked.predicts in ("values", "step_values"),
            fit_augment=partial(series_augment, changes=self.changes),
        )


def _read(
    pair: Any, called: str, predicts: Predicts | None, classes: tuple[str, ...] = (), features: int | None = None
) -> tuple[Sequences, Targets]:
    try:
        inputs, targets = pair
    except (TypeError, ValueError) as error:
        raise WrongInput(f"the {called}s are no pair: give (inputs, targets)") from error
    steps = list(to_sequences(*_without_targets(inputs, targets), features=features))
    for index, each in enumerate(steps):
        check_finite(each, f"{called} {index}")
    lengths = [len(each) for each in steps]
    asked = read_targets(_column(inputs, targets), lengths, predicts=predicts, classes=classes or None)
    names = [f"{called} {index}" for index in range(len(steps))]
    return Sequences.of(steps, asked.values, names=names), asked


def _without_targets(inputs: Any, targets: Any) -> tuple[Any]:
    """A data frame without the column that holds the targets, where they are given by its name."""
    return (inputs[[name for name in inputs.columns if name != targets]],) if isinstance(targets, str) else (inputs,)


def _column(inputs: Any, targets: Any) -> Any:
    if not isinstance(targets, str):
        return targets
    return inputs[targets]
