"""One file from the network to one place: whole and with the right SHA-256, or not there."""

import logging
import time
from pathlib import Path

from seqtrain.errors import WrongInput
from seqtrain.store.bar import Bar
from seqtrain.store.lock import locked

_WAITS = (1.0, 3.0)  # seconds before the second and third try
_TIMEOUT = 30  # seconds without a byte
_log = logging.getLogger("seqtrain")


def fetch(url: str, place: Path, *, sha256: str | None) -> None:
    """Download `url` to `place`; a file that is there already is kept if its hash is right.

    A transfer that breaks is tried again. Of two processes that want the same file one fetches it.

    Args:
        sha256: of the file, 64 hexadecimal digits; None where it is not known: then the caller says how it is

    Raises WrongInput, which says where to put the file by hand, where it cannot be had, and where its hash is
    another: then it is removed.
    """
    import pooch  # type: ignore[import-untyped]

    pooch.get_logger().setLevel(logging.WARNING)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place.with_name(place.name + ".lock")):
            _try(url, place, sha256)
    except OSError as error:
        raise WrongInput(
            f"{place} cannot be written ({error.strerror or error}): make room, or name another folder"
        ) from error


def _try(url: str, place: Path, sha256: str | None) -> None:
    import pooch
    from requests.exceptions import HTTPError, RequestException

    by_hand = f"download it by other means and put it at {place.absolute()}"
    for wait in (*_WAITS, None):
        bar = Bar(f"Downloading {place.name}", None, "B")
        try:
            pooch.retrieve(
                url,
                known_hash=f"sha256:{sha256}" if sha256 is not None else None,
                fname=place.name,
                path=place.parent,
                downloader=pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=_TIMEOUT),
            )
            return
        except HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            if status < 500 or wait is None:
                raise WrongInput(f"{url} cannot be downloaded (the server answers {status}): {by_hand}") from None
        except RequestException as error:
            if wait is None:
                raise WrongInput(
                    f"{url} cannot be downloaded ({_reason(error)}, {len(_WAITS) + 1} times): {by_hand}"
                ) from None
        except ValueError as error:
            if sha256 is None:
                raise WrongInput(f"{url} cannot be downloaded ({error}): {by_hand}") from None
            raise WrongInput(
                f"{url} gave a file that has not the SHA-256 {sha256}, and was removed: "
                f"try again, and if it stays so, the data has changed or someone changes it on its way; or {by_hand}"
            ) from None
        finally:
            bar.close()
        _log.info("%s broke off: trying again", url)
        time.sleep(wait)


def _reason(error: Exception) -> str:
    text = str(error)
    known = {
        "IncompleteRead": "the transfer broke off",
        "Connection broken": "the transfer broke off",
        "timed out": "no answer in time",
        "resolve": "no network, or no such server",
        "refused": "the server cannot be reached",
        "unreachable": "no network",
    }
    return next((words for part, words in known.items() if part in text), type(error).__name__)
