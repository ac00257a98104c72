"""Folders of runs have names that a file system takes, and that tell runs apart."""

from datetime import datetime

from seqtrain.commands.run_folders import file_name, run_folder, sweep_folder, trial_folder

NOW = datetime(2026, 1, 31, 12, 0, 0, 7)


def test_names_hold_no_path() -> None:
    assert run_folder("mine/../x", "lstm", NOW) == "outputs/runs/mine_.._x-lstm/2026-01-31_12-00-00-000007"
    assert sweep_folder("mine", ["mel"], NOW) == "outputs/sweeps/mine"
    assert sweep_folder(None, ["mel", "a/b"], NOW) == "outputs/sweeps/mel+a_b-2026-01-31_12-00-00-000007"


def test_a_trial_is_named_by_the_overrides_that_matter_in_any_order() -> None:
    said = ["seed=1", "model=rnn", "threads=2", "logger=csv", "launcher=processes", "data.workers=2"]
    assert trial_folder(said) == trial_folder(reversed(said)) == "model=rnn,seed=1"
    assert trial_folder(["sweep=mine"]) == "default"


def test_model_and_seed_come_first_and_of_a_long_path_its_end_is_told() -> None:
    path = "/somewhere/that/is/far/away/recordings/of/digits"
    said = [f"data.folder={path}", "data=audio_folder", "model=gru", "optimizer.lr=0.01", "seed=3"]
    name, _, code = trial_folder(said).rpartition("-")
    assert name == "model=gru,seed=3,data=audio_folder,data.folder=_somewhere..rdings_of_digits,optimizer.lr=0.01"
    assert len(code) == 8


def test_names_that_had_to_be_changed_still_tell_trials_apart() -> None:
    slash, line = trial_folder(["data.folder=a/b"]), trial_folder(["data.folder=a_b"])
    assert line == "data.folder=a_b"
    assert slash.startswith("data.folder=a_b-")
    long, longer = (trial_folder([f"data.folder={'x' * count}"]) for count in (300, 301))
    assert long != longer
    many = trial_folder([f"data.number_{count}={'x' * 30}" for count in range(9)])
    assert len(many) == 100 + 1 + 8


def test_any_text_is_a_files_name() -> None:
    assert file_name("ts GunPoint") == "ts-GunPoint"
    assert file_name("ts a/b") != file_name("ts a_b")
    assert len(file_name("x" * 300)) == 100 + 1 + 8
