"""Which settings mattered: PED-ANOVA (Watanabe, Bansal and Hutter 2023), of Optuna."""

from seqtrain.tuning.study import Study

FEWEST = 12  # completed trials
_BEST = 0.25  # share of them that is held against all: of 20 trials Optuna's tenth is two, which is chance


def importance(study: Study) -> dict[str, float]:
    """The share of each setting in what makes the best quarter of the completed trials differ from all, largest first.

    Nothing where there are fewer than twelve, or all are equally good.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    values = {trial.value for trial in study.trials() if trial.state.name == "COMPLETE"}
    if study.count("complete") < FEWEST or len(values) < 2:
        return {}
    found = get_param_importances(study.optuna, evaluator=PedAnovaImportanceEvaluator(target_quantile=_BEST))
    return dict(sorted(found.items(), key=lambda item: -item[1]))
