"""When a trial is given up: what an epoch's best score is held against."""

from typing import TYPE_CHECKING

from seqtrain.callbacks.pruning import Behind

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.trial import Trial

PRUNERS: dict[str, str] = {
    "median": "worse than half of the trials were after as many epochs; after five trials and a fifth of the epochs",
    "hyperband": "not in the best third after 1, 3, 9, … epochs; some trials are judged later (Li et al. 2018)",
    "none": "never",
}


def make_pruner(name: str, max_epochs: int) -> "BasePruner":
    """Optuna's pruner of a name.

    Args:
        name: one of PRUNERS.
        max_epochs: of a trial.
    """
    from optuna import pruners

    if name == "median":
        return pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=max_epochs // 5)
    if name == "hyperband":
        return pruners.HyperbandPruner(min_resource=1, max_resource=max_epochs, reduction_factor=3)
    return pruners.NopPruner()


def judge(trial: "Trial", reported: set[int]) -> Behind:
    """Tells the study the best score after each epoch, and asks its pruner.

    Args:
        trial: of the study.
        reported: epochs that were told before the trial was stopped; trained again, they have the same scores.
    """

    def behind(epoch: int, score: float) -> bool:
        if epoch not in reported:
            trial.report(score, epoch)
        return trial.should_prune()

    return behind
