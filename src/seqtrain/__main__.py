"""`python -m seqtrain` is the command `seqtrain`."""

import sys

from seqtrain.commands import main

if __name__ == "__main__":
    sys.exit(main())
