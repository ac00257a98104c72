"""`python train.py …` is `seqtrain train …`, from the checkout."""

# Shells complete `python train.py mod…` where they find the text @hydra.main in the file.

import sys
from importlib.util import find_spec
from pathlib import Path

if __name__ == "__main__":
    if find_spec("seqtrain") is None:
        sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))
    from seqtrain.commands import main

    sys.exit(main(["train", *sys.argv[1:]]))
