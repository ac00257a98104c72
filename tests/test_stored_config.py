"""A stored config is read as data, whole (for one run) or as plain values (for hundreds)."""

import time
from pathlib import Path

import pytest
from composing import choices, composed
from omegaconf import OmegaConf

from seqtrain.errors import WrongInput
from seqtrain.stored_config import checked_config, read_stored_config, read_stored_values


def stored(folder: Path, text: str) -> Path:
    path = folder / "run" / ".hydra" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_plain_values_are_what_omegaconf_reads(tmp_path: Path) -> None:
    config = {
        "optimizer": {"lr": 1e-8, "betas": [0.9, 0.99]},
        "names": ["yes", "1e-3", "2026-01-31", "null", "007"],
        "on": True,
        "nothing": None,
        "trainer": {"max_epochs": 80, "every": "${trainer.max_epochs}", "again": ["${trainer.every}"]},
    }
    path = stored(tmp_path, OmegaConf.to_yaml(OmegaConf.create(config)))
    assert read_stored_values(path) == OmegaConf.to_container(read_stored_config(path), resolve=True)


def test_the_environment_and_whole_nodes_are_left_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    text = "a: ${oc.env:SECRET}\nb: ${c}\nc:\n  d: ${b}\n  e: ${nothing.here}\n  f: ${c.f}\n"
    assert read_stored_values(stored(tmp_path, text)) == {
        "a": "${oc.env:SECRET}",
        "b": "${c}",
        "c": {"d": "${b}", "e": "${nothing.here}", "f": "${c.f}"},
    }


@pytest.mark.parametrize("read", [read_stored_config, read_stored_values])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x\n", "uses YAML aliases"),
        ("a: ${oc.create:b}\n", "uses the resolver oc.create"),
        ("a: [1\n", "is no YAML"),
        ("- 1\n", "is no mapping of settings"),
        ("!!python/object/apply:os.getcwd []\n", "uses the YAML tag"),
        ("a: !!binary aGVsbG8=\n", "uses the YAML tag"),
        ("a: 2026-13-45\nb: [\n", "is no YAML"),
        ("a: " + "x" * (1 << 20), "a config has at most"),
    ],
)
def test_what_is_no_plain_config_is_refused(read, text: str, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(WrongInput, match=message):
        read(stored(tmp_path, text))


def test_a_folder_without_a_config_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="is no run folder"):
        read_stored_values(tmp_path / ".hydra" / "config.yaml")


LAUGHS = "".join(  # 319 bytes that are 4 * 10**7 words
    ["a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n"]
    + [f"{here}: &{here} [{','.join([f'*{above}'] * 9)}]\n" for above, here in zip("abcdef", "bcdefg", strict=True)]
)
REFERENCES = "".join(f"k{n}: ['${{k{n + 1}}}', '${{k{n + 1}}}']\n" for n in range(18)) + "k18: lol\n"
TEXTS = "".join(f"k{n}: ${{k{n + 1}}}${{k{n + 1}}}\n" for n in range(40)) + "k40: lol\n"
RELATIVE = "a:\n" + "".join(f"  k{n}: ${{.k{n + 1}}}${{.k{n + 1}}}\n" for n in range(40)) + "  k40: lol\n"
LISTED = "".join(f"k{n}: ['${{k{n + 1}[0]}}${{k{n + 1}[0]}}']\n" for n in range(40)) + "k40: [lol]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "uses YAML aliases"),
        (REFERENCES, "grow beyond any config"),
        (TEXTS, "grow beyond any config"),
        (RELATIVE, "grow beyond any config"),
        (LISTED, "grow beyond any config"),
        ("a: ${b}\nb: ${a}\n", "refers to itself"),
        ("a: [1, '${a}']\n", "refers to itself"),
        ("".join(f"k{n}: ${{k{n + 1}}}\n" for n in range(5000)), "refers to itself, or is nested too deeply"),
        ("a: " + "[" * 200_000, "inside of settings"),  # libyaml's composer overflows the stack
        ("a: " + "[" * 900 + "]" * 900, "inside of settings"),
        ("".join(" " * n + "a:\n" for n in range(600)), "inside of settings"),
        ("a: " + "9" * 100_000, "a number of 100,000 digits"),
        ("a: " + ":".join(["1"] * 5000), "a number of 9,999 digits"),  # to the base of 60
    ],
    ids=lambda each: each[:20].splitlines()[0],
)
def test_what_grows_is_refused_within_a_second(text: str, message: str, tmp_path: Path) -> None:
    path = stored(tmp_path, text)
    started = time.process_time()
    with pytest.raises(WrongInput, match=message):
        read_stored_config(path)
    assert time.process_time() - started < 1


def test_the_alias_bomb_is_as_small_as_they_come() -> None:
    assert len(LAUGHS) <= 319


@pytest.mark.parametrize("read", [read_stored_config, read_stored_values])
@pytest.mark.parametrize(
    "text",
    [
        "a: ${oc.create:b}\n",
        "a: ${ oc.decode : '1' }\n",
        "a: ${oc.select:b}\n",
        "a: ${oc.dict.keys:b}\n",
        "a: ${hydra:runtime.cwd}\n",
        "a: ${now:%Y}\n",
        "a: x${oc.env:HOME}${oc.create:b}\n",
        "x: oc.create\na: ${${x}:b}\n",  # a name that is put together
        "x: create\na: ${oc.${x}:b}\n",
        'a: "$\\x7boc.create:b}"\n',  # spelt out by YAML
        'a: "${oc.cre\\\n  ate:b}"\n',
        "a: ${oc.env:${oc.create:b}}\n",
        "a: ${\n",
        "a: [[{b: '${oc.create:c}'}]]\n",
        "'${oc.create:b}': 1\n",
    ],
)
def test_no_resolver_gets_in_however_it_is_spelt(read, text: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(WrongInput, match=r"only \$\{oc\.env:NAME\} and other keys are read"):
        read(stored(tmp_path, text))


def test_references_that_a_config_may_have_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQTRAIN_HERE", "here")
    monkeypatch.delenv("SEQTRAIN_THERE", raising=False)
    text = (
        "a: {b: 3, c: '${.b}', d: ['${a.b}', '${..b}']}\ne: ${a.d[0]}\nf: '${oc.env:SEQTRAIN_HERE}/${a.b}'\n"
        "g: ${oc.env:SEQTRAIN_THERE,there}\nh: ${oc.env:SEQTRAIN_THERE,${a.b}}\ni: costs $3\n1: ${a.b}\n"
    )
    config = OmegaConf.to_container(read_stored_config(stored(tmp_path, text)), resolve=True)
    assert config == {
        "a": {"b": 3, "c": 3, "d": [3, 3]}, "e": 3, "f": "here/3", "g": "there", "h": "3", "i": "costs $3", 1: 3,
    }  # fmt: skip


def test_the_largest_config_that_is_read_is_read_soon(tmp_path: Path) -> None:
    path = stored(tmp_path, "b: 1\n" + "".join(f"k{n}: ${{b}}\n" for n in range(3000)))
    started = time.process_time()
    OmegaConf.to_container(read_stored_config(path), resolve=True)
    assert time.process_time() - started < 5


def test_no_shipped_config_comes_near_the_limits() -> None:
    for experiment in choices("experiment"):
        text = OmegaConf.to_yaml(composed(f"experiment={experiment}"))
        assert len(text) < 8_000
        checked_config(text, Path("config.yaml"))


def test_what_grows_below_a_number_is_seen_too(tmp_path: Path) -> None:
    text = "1:\n  true: '${k0}'\n" + "".join(f"k{n}: ${{k{n + 1}}}${{k{n + 1}}}\n" for n in range(30)) + "k30: lol\n"
    with pytest.raises(WrongInput, match="grow beyond any config"):
        read_stored_config(stored(tmp_path, text))
