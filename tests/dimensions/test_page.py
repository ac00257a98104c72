"""The printed walk can be read in 100 columns, and searched."""

import io

import pytest
import torch
from rich.console import Console

from seqtrain.batch import Batch
from seqtrain.dimensions import walk
from seqtrain.dimensions.page import page, section, span
from seqtrain.heads import FlattenHead, LogProbabilities, StepHead
from seqtrain.models.recurrent import Recurrent
from seqtrain.models.sketchmate import Sketchmate
from seqtrain.network import Network


def printed(what: object, width: int = 100) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width, highlight=False).print(what)
    return text.getvalue().splitlines()


@pytest.fixture(scope="module")
def sketchmate() -> list[str]:
    backbone = Sketchmate(3, longest=196)
    network = Network(None, backbone, LogProbabilities(FlattenHead(512, 40, steps=186)))
    batch = Batch(torch.randn(2, 196, 3), torch.tensor([196, 40]), torch.zeros(2), None, torch.arange(2))
    return printed(page(walk(network, batch)))


def test_no_line_is_too_long_or_ends_in_space(sketchmate: list[str]):
    assert max(map(len, sketchmate)) <= 100
    assert all(line == line.rstrip() for line in sketchmate)


def test_a_layer_stands_on_one_line_with_what_it_holds_below(sketchmate: list[str]):
    text = "\n".join(sketchmate)
    assert "backbone.strokes.layers.0.conv     Conv1d            (2, 3, 196) -> (2, 48, 192)" in text
    assert "    (B, C, T) -> (B, C', T'): T' = floor((196 + 2*0 - 1*(5-1) - 1)/1) + 1 = 192\n" in text
    assert "    weight (C', C, kernel_size) = (48, 3, 5), bias (C') = (48)\n" in text
    assert "    weight_ih_l0_reverse (4*hidden, features) = (1024, 96): i, f, g, o\n" in text
    assert "    bias_ih_l0, bias_hh_l0 (4*hidden) = (1024): i, f, g, o\n" in text


def test_totals_come_last(sketchmate: list[str]):
    assert sketchmate[-2] == (
        "sequences of 40 to 196 steps leave the backbone with 30 to 186 steps; the rest is padding"
    )
    assert sketchmate[-1] == "4,569,032 parameters, all trainable: 18.28 MB"


def test_frozen_parameters_are_counted():
    network = Network(None, Recurrent(3, cell="gru", hidden=4), StepHead(4, 2))
    network.head.requires_grad_(False)
    batch = Batch(torch.randn(1, 5, 3), torch.tensor([5]), torch.zeros(1), None, torch.arange(1))
    assert printed(page(walk(network, batch)))[-1] == "118 parameters, 108 of them trainable: 472 bytes"


def test_a_long_text_goes_on_where_it_began():
    lines = printed(section("Data", {"sets": "2 sequences", "classes": "one [bold] two three four"}), width=26)
    assert lines == ["Data", "  sets     2 sequences", "  classes  one [bold] two", "           three four"]


@pytest.mark.parametrize(("ends", "words"), [((1, 1), "1 step"), ((5, 5), "5 steps"), ((1, 5), "1 to 5 steps")])
def test_lengths_in_words(ends: tuple[int, int], words: str):
    assert span(*ends) == words
