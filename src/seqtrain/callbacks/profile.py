"""Where the time of a few optimizer steps goes, operator by operator."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtrain.checkpoints import Checkpoints
from seqtrain.ranges import Count

if TYPE_CHECKING:
    import pytorch_lightning as pl


class Profile:
    """torch's profiler around a training; profile.txt and trace.json (for ui.perfetto.dev) in the run folder.

    Args:
        rows: operators in the table, those with the most time of their own first.
    """

    def __init__(self, *, rows: Count = 20) -> None:
        self.rows = rows

    def __call__(self, checkpoints: Checkpoints) -> "pl.Callback":
        return _profiler(self.rows)


def _profiler(rows: int) -> "pl.Callback":
    import pytorch_lightning as pl
    from torch.profiler import profile

    from seqtrain.ranks import rank

    class Profiler(pl.Callback):
        def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            self._profile = profile()
            self._profile.start()

        def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            self._profile.stop()
            if rank() == 0:
                write(self._profile, Path(trainer.default_root_dir))

    def write(profiled: Any, folder: Path) -> None:
        table = profiled.key_averages().table(sort_by="self_cpu_time_total", row_limit=rows, max_name_column_width=40)
        (folder / "profile.txt").write_text(table)
        profiled.export_chrome_trace(str(folder / "trace.json"))
        print(f"where the time goes: {folder / 'profile.txt'}; on a time line: {folder / 'trace.json'}")

    return Profiler()
