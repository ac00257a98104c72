"""One run: from checked parts to a trained model, its test metrics and a folder that holds everything."""

import logging
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import torch

from seqtrain.batch import spec_to_plain
from seqtrain.callbacks.figures import draw
from seqtrain.callbacks.pruning import Behind
from seqtrain.checkpoints import read_checkpoint
from seqtrain.cluster import place
from seqtrain.divergence import Diverged
from seqtrain.ending import Result, ending_told, retell
from seqtrain.errors import WrongInput
from seqtrain.fitting import Fit, make_fit
from seqtrain.flat import flat_settings
from seqtrain.heap import memory_kept
from seqtrain.interruption import Interrupted, Interruption, Pruned
from seqtrain.learner import metrics
from seqtrain.loading import Data, load_data
from seqtrain.loggers import log_hparams
from seqtrain.machine import failures_told, is_of_disk
from seqtrain.parts import Parts
from seqtrain.pretrained import starting_point
from seqtrain.provenance import provenance
from seqtrain.rank_processes import run_ranks
from seqtrain.ranks import count, gathered, joined, largest, rank, same_everywhere
from seqtrain.redaction import Redaction
from seqtrain.report import quiet_libraries
from seqtrain.run_folder import RunFolder
from seqtrain.run_log import logged_to
from seqtrain.shown import Shown
from seqtrain.stored_config import checked_config
from seqtrain.training import Training

log = logging.getLogger("seqtrain")


def train(
    parts: Parts,
    folder: Path,
    *,
    config: str,
    overrides: list[str],
    chosen: Mapping[str, str] | None = None,
    resume: bool = False,
    behind: Behind | None = None,
) -> Result:
    """Train, test at the best epoch and draw figures; returns what result.json says.

    Where `trainer.devices` are several, so many processes are started for it, unless torchrun or srun did.

    Args:
        parts: every part of the run, checked and not yet built.
        folder: the run's folder; locked while this runs.
        config: the composed config as YAML, unresolved, kept with the run.
        overrides: what the user typed, kept with the run.
        chosen: the option of each group of configs, by which the run is told from others; None keeps what it has.
        resume: continue from the folder's last checkpoint, if there is one; nothing is done where all is.
        behind: whether to give the training up after an epoch; of one process alone.

    Raises WrongInput, Interrupted, Pruned, Diverged or whatever went wrong; result.json then says so.
    """
    work = partial(
        _train, parts, folder, config=config, overrides=overrides, chosen=chosen, resume=resume, behind=behind
    )
    training: Training = parts.trainer()
    gpu = training.gpu  # before the data is read
    if training.devices == 1 or count() > 1:  # alone, or one of several already
        return work()
    training.check_batch(parts.loading().batch_size)
    here = place(training.devices)
    if here is not None:
        with joined(here.rank, here.count, local=here.local, meet=here.meet, gpu=gpu):
            return work()
    training.check_gpus()
    try:
        run_ranks(work, training.devices, gpu=gpu)
    except (Exception, Interrupted) as error:
        retell(folder, error, Redaction(config))
        raise
    return RunFolder(folder).read_result()


def _train(
    parts: Parts,
    folder: Path,
    *,
    config: str,
    overrides: list[str],
    chosen: Mapping[str, str] | None,
    resume: bool,
    behind: Behind | None,
) -> Result:
    """The part of one process: the first one keeps the run's folder, others train along."""
    interruption = Interruption(largest)
    if count() > 1:
        quiet_libraries()  # a process of its own
    if rank() > 0:
        log.setLevel(logging.CRITICAL)  # what all would say, the first one says
        warnings.simplefilter("ignore")
        first = _first(None, config)
        if first is not None:
            with interruption.listening():
                _train_and_test(parts, RunFolder(first), interruption, {}, config=config, chosen={}, resume=resume)
        return {}
    hide = Redaction(config)
    with RunFolder(folder) as run, interruption.listening(), logged_to(run.log, hide):
        before = run.read_result()
        if resume and before.get("status") == "completed":
            _first(None, config)
            return before
        if not resume and (run.last.exists() or run.previous.exists()):
            raise WrongInput(
                f"{folder} already holds a run: continue it with resume={folder}, or choose another folder"
            )
        if not resume or not run.config.exists():
            checked_config(config, run.config)  # or it could not be read again
            run.write_config(config, overrides)
        chosen = before.get("chosen", {}) if chosen is None else dict(chosen)
        facts = {"seed": parts.run.seed, "identity": parts.identity, "chosen": chosen}
        facts |= provenance(before if resume else None)
        told = ending_told(run, facts, hide, before=before)
        with failures_told(run.path), told as result, failures_told(run.path):  # of the ending itself too
            _first(folder, config)
            _train_and_test(
                parts, run, interruption, result, config=config, chosen=chosen, resume=resume, behind=behind
            )
    return run.read_result()


def _train_and_test(
    parts: Parts,
    run: RunFolder,
    interruption: Interruption,
    result: Result,
    *,
    config: str,
    chosen: Mapping[str, str],
    resume: bool,
    behind: Behind | None = None,
) -> None:
    torch.set_num_threads(parts.run.threads or torch.get_num_threads())
    torch.backends.cudnn.deterministic = True  # on a GPU too the same seed gives the same bits
    data = load_data(parts.data(), parts.loading(), seed=parts.run.seed)
    checkpoint = gathered(run.resumable() if resume and rank() == 0 else None)[0]
    resumed_at = _resumed_at(checkpoint, data) if resume else None
    start = starting_point(parts.run.init_from, checkpoint)
    fit = make_fit(parts, data, run, interruption, resumed_at=resumed_at, pretrained=start, behind=behind)
    result["parameters"] = fit.learner.network.parameter_count()
    with memory_kept() if parts.trainer().keep_memory else nullcontext():
        _fit(fit, interruption, result, checkpoint)
        if rank() == 0:
            fit.learner.load_state_dict(run.best_checkpoint(fit.record.best["step"])["state_dict"])
        same_everywhere(fit.learner.state_dict().values())
        shown, tested = _test(fit)
    result["metrics"] |= tested
    if rank() > 0:
        return
    settings = flat_settings(config) | {group: chosen[group] for group in ("model", "data") if group in chosen}
    for logger in fit.trainer.loggers:
        log_hparams(logger, settings, result["metrics"], step=fit.trainer.global_step)
    try:
        _draw(fit, run, shown)
    except Exception as error:  # the run's results do not hang on its pictures
        if is_of_disk(error):
            raise
        log.exception("the figures of %s could not be drawn", run.path)
    if interruption.signum is not None:  # a library may have taken the interruption for an error of its own
        raise Interrupted(interruption.signum)


def _fit(fit: Fit, interruption: Interruption, result: Result, checkpoint: Path | None) -> None:
    try:
        with interruption.deferred():
            fit.trainer.fit(fit.learner, fit.batches, fit.validating(), ckpt_path=checkpoint, weights_only=True)
    except Pruned:
        result |= _best(fit)
        raise
    result |= _best(fit) | {"epochs": fit.trainer.current_epoch, "steps": fit.trainer.global_step}


def _first(folder: Path | None, config: str) -> Path | None:
    """The first process's folder, None where nothing is to be done. WrongInput: another process has another config."""
    told = gathered((folder, config))
    if any(other != told[0][1] for _, other in told):
        raise WrongInput("the processes were started with different settings: start all with the same command line")
    return told[0][0]


def _best(fit: Fit) -> Result:
    best = fit.record.best
    if "epoch" not in best:
        raise Diverged("no epoch had a validation score that is a number: lower optimizer.lr")
    return {"metrics": dict(best["metrics"]), "best": {"epoch": best["epoch"], "step": best["step"]}}


def _resumed_at(checkpoint: Path | None, data: Data) -> int:
    """The update that the checkpoint is of. Raises WrongInput where it was trained on other data."""
    if checkpoint is None:
        return 0
    kept = read_checkpoint(checkpoint)["seqtrain"]
    if kept["spec"] != spec_to_plain(data.spec):
        differs = [name for name, value in spec_to_plain(data.spec).items() if kept["spec"].get(name) != value]
        raise WrongInput(f"the data is not what {checkpoint} was trained on (other {', '.join(differs)}): restore it")
    step: int = kept["step"]
    return step


def _test(fit: Fit) -> tuple[Shown, dict[str, float]]:
    """Metrics of the test set, touched once, at the best epoch's weights, and what it shows.

    Where there is no test set the validation set is shown, or else the training set.
    """
    data, learner = fit.data, fit.learner
    shown = Shown(data.spec, data.looked_at)
    learner.watch = shown.see
    fit.trainer.test(learner, fit.plain(shown.sequences), verbose=False)
    shown.gather()
    return shown, {} if data.test is None else metrics("test", learner.eval_sums, learner.scores)


def _draw(fit: Fit, run: RunFolder, shown: Shown) -> None:
    draw(
        run.figures,
        fit.trainer.loggers,
        spec=fit.data.spec,
        view=fit.data.view,
        batch=shown.batch,
        predictions=shown.predictions,
        rows=run.read_rows(),
        best=fit.record.best["epoch"],
        counts=shown.counts,
        names=[shown.sequences.name(index) for index in shown.indices],
        step=fit.trainer.global_step,
    )
    for logger in fit.trainer.loggers:
        logger.finalize("success")  # once more: pictures have opened TensorBoard's file and its thread again
