"""`seqtrain predict`: what a trained model says of files, folders or standard input."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seqtrain.commands.run_words import read_words
from seqtrain.errors import WrongInput
from seqtrain.ranges import Count

if TYPE_CHECKING:
    from seqtrain.items import Item
    from seqtrain.prediction.writers import Format
    from seqtrain.trained import Trained

_HELP = """seqtrain predict says what a trained model makes of your own inputs.

usage: seqtrain predict RUN INPUT … [key=value …]

RUN is a run's folder, or one that seqtrain export made with format=safetensors. INPUT is a file or folder of the kind
that the run's data reads, or - for standard input. An id, the prediction and its probabilities, or the values, come
out as they are made; a bad input is named on standard error.

  seqtrain predict outputs/runs/fsdd-gru/2026-01-31_12-00-00-000000 recordings/ output=digits.csv
  zcat cats.ndjson.gz | seqtrain predict RUN - output=cats.parquet
  sensor | seqtrain predict RUN - live=true

Settings:
  output=FILE      .csv, .jsonl or .parquet; without it CSV on standard output
  format=csv       what standard output gets: csv or jsonl
  bad=skip         a bad input is left out (skip), or ends it with exit status 2 (fail)
  batch_size=64    inputs computed at once
  live=auto        true: a line of standard input is one step, answered at once; numbers with commas or a JSON array,
                   an empty line begins a new sequence; auto: where the model steps, predicts at every step, and its
                   data reads no files
  threads=1        threads of torch; null leaves it to torch"""


class Settings:
    """What `key=value` may say; see the help."""

    def __init__(
        self,
        *,
        output: str | None = None,
        format: Literal["csv", "jsonl"] = "csv",  # noqa: A002 (as it is typed)
        bad: Literal["skip", "fail"] = "skip",
        batch_size: Count = 64,
        live: bool | Literal["auto"] = "auto",
        threads: Count | None = 1,
    ) -> None:
        self.output = Path(output).expanduser() if output else None
        self.format: Format = format
        self.fatal = bad == "fail"
        self.batch_size = batch_size
        self.live = live
        self.threads = threads


@dataclass
class _Tally:
    """Tells bad items on standard error, and counts them."""

    fatal: bool
    bad: int = 0
    good: int = 0
    named: str = field(default="item")

    def __call__(self, name: str, error: WrongInput) -> None:
        message = str(error) if name in str(error) else f"{name} {error}"
        if self.fatal:
            raise WrongInput(f"{message} (bad=skip leaves such inputs out)")
        self.bad += 1
        print(f"skipped: {message}", file=sys.stderr, flush=True)

    def close(self) -> int:
        """Say how many there were; the exit status."""
        print(f"{self.good:,} {self.named}{'s' * (self.good != 1)} predicted, {self.bad:,} skipped", file=sys.stderr)
        return 0 if self.good else 2


def main(typed: list[str]) -> int:
    """Predict what was typed; the exit status. WrongInput: a mistake in it, or nothing that could be read."""
    if not typed or {"-h", "--help"} & set(typed):
        print(_HELP)
        return 0
    words, settings = read_words(typed, Settings, "predict")
    if len(words) < 2:
        raise WrongInput("predict needs a RUN and at least one INPUT: a file, a folder, or - for standard input")
    run, *inputs = words
    for each in inputs:
        if each != "-" and not Path(each).exists():
            raise WrongInput(f"there is no file or folder {each}")
    if settings.output is not None:
        from seqtrain.prediction.writers import format_of

        format_of(settings.output)
    import torch

    from seqtrain.trained import load

    torch.set_num_threads(settings.threads or torch.get_num_threads())
    trained = load(run)
    tally = _Tally(settings.fatal)
    if _is_live(trained, inputs, settings.live):
        return _predict_live(trained, settings, tally)
    return _predict(trained, inputs, settings, tally)


def _predict(trained: "Trained", inputs: Sequence[str], settings: Settings, tally: _Tally) -> int:
    from seqtrain.prediction.answers import Answer, answers
    from seqtrain.prediction.sliding import sliding_answers
    from seqtrain.prediction.writers import write, write_stream

    data_set = _data_set(trained)

    def answered() -> Iterator[list[Answer]]:
        if not getattr(data_set, "carry_state", False):
            yield from answers(trained, _items(data_set, inputs, tally), batch_size=settings.batch_size, bad=tally)
            return
        for each in inputs:  # a series of its own
            yield from sliding_answers(trained, _items(data_set, [each], tally), bad=tally)

    def counted() -> Iterator[list[Answer]]:
        for some in answered():
            tally.good += len(some)
            yield some

    if settings.output is None:
        write_stream(counted(), trained.spec, sys.stdout, settings.format)
    else:
        write(counted(), trained.spec, settings.output)
    return tally.close()


def _predict_live(trained: "Trained", settings: Settings, tally: _Tally) -> int:
    from seqtrain.prediction.live import answer_steps

    if settings.output is not None:
        raise WrongInput(f"output is {settings.output}: steps are answered on standard output, so leave it out")
    tally.named = "step"
    for _ in answer_steps(
        _standard_input(),
        trained.stepper(),
        trained.spec,
        sys.stdout,
        json_lines=settings.format == "jsonl",
        bad=tally,
    ):
        tally.good += 1
    return tally.close()


def _is_live(trained: "Trained", inputs: Sequence[str], wanted: bool | Literal["auto"]) -> bool:
    if wanted == "auto":
        from seqtrain.stepping import can_step

        steps = trained.spec.per_step and can_step(trained.network, features=trained.spec.features)
        return list(inputs) == ["-"] and steps and not hasattr(_data_class(trained), "read_inputs")
    if wanted and list(inputs) != ["-"]:
        raise WrongInput(f"live=true reads steps from standard input: give - and not {' '.join(inputs)}")
    return wanted


def _data_class(trained: "Trained") -> type:
    from seqtrain.build import plain
    from seqtrain.stored_config import part_of
    from seqtrain.trust import trusted_class

    return trusted_class(plain(part_of(trained.config, "data"), "data").get("_target_"), "data._target_")


def _data_set(trained: "Trained") -> Any:
    """The run's data set, which knows how its kind of file is read and prepared."""
    from seqtrain.parts import prepare_data
    from seqtrain.stored_config import part_of

    cls = _data_class(trained)
    if not hasattr(cls, "read_inputs"):
        raise WrongInput(
            f"the run's data set {cls.__name__} reads no inputs from files: predict from Python with "
            "seqtrain.load(RUN).predict(arrays), or where the model reads forward only, step by step with - live=true"
        )
    data_set = prepare_data(part_of(trained.config, "data"))["data"]()
    if trained.spec.columns:
        data_set.learnt_from(trained.spec.columns)
    return data_set


def _items(data_set: Any, inputs: Sequence[str], tally: _Tally) -> "Iterator[Item]":
    for each in inputs:
        name = "standard input" if each == "-" else each
        try:
            items = iter(data_set.read_inputs(_standard_input() if each == "-" else Path(each)))
            first = next(items, None)
            if first is None:
                raise WrongInput(f"{name} holds nothing to predict from")
            yield first
            yield from items
        except WrongInput as error:  # the whole of this input cannot be read
            tally(name, error)


def _standard_input() -> Any:
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="surrogateescape")  # a broken byte spoils its item, not the stream
    return sys.stdin
