"""Downloads are whole and right or not there, and every failure says what to fetch and where to put it."""

import hashlib
import io
import multiprocessing
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqtrain.datasets.audio_folder import AudioFolder
from seqtrain.datasets.quickdraw import QuickDraw
from seqtrain.downloads import fetch as fetching
from seqtrain.downloads import named
from seqtrain.downloads.fetch import fetch
from seqtrain.downloads.unpack import unpack
from seqtrain.errors import WrongInput


class Server:
    """Serves what is in `files`; breaks a transfer off as many times as `broken` says."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.broken: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked[self.path] += 1
                content = outer.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if outer.broken[self.path]:
                    outer.broken[self.path] -= 1
                    self.wfile.write(content[: len(content) // 2])
                    self.close_connection = True
                else:
                    self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(fetching, "_WAITS", (0.0, 0.0))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_the_right_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    server.files["/a"] = b"content" * 10_000
    for _ in range(2):
        fetch(f"{server.url}/a", tmp_path / "sub" / "a.bin", sha256=sha256(server.files["/a"]))
    assert (tmp_path / "sub" / "a.bin").read_bytes() == server.files["/a"]
    assert server.asked["/a"] == 1


def test_a_file_that_was_put_there_by_hand_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"by hand")
    fetch("http://127.0.0.1:9/a", tmp_path / "a", sha256=sha256(b"by hand"))


def test_a_wrong_hash_is_refused_and_the_file_removed(server: Server, tmp_path: Path) -> None:
    server.files["/a"] = b"other content"
    with pytest.raises(WrongInput, match=rf"/a gave a file that has not the SHA-256 {'0' * 64}, and was removed"):
        fetch(f"{server.url}/a", tmp_path / "a", sha256="0" * 64)
    assert left(tmp_path) == []


def test_a_broken_transfer_is_tried_again(server: Server, tmp_path: Path) -> None:
    server.files["/a"] = b"content" * 100_000
    server.broken["/a"] = 2
    fetch(f"{server.url}/a", tmp_path / "a", sha256=sha256(server.files["/a"]))
    assert server.asked["/a"] == 3


def test_a_transfer_that_stays_broken_says_what_to_put_where(server: Server, tmp_path: Path) -> None:
    server.files["/a"] = b"content" * 100_000
    server.broken["/a"] = 9
    with pytest.raises(
        WrongInput, match=rf"\(the transfer broke off, 3 times\): download it .* put it at {tmp_path}/a"
    ):
        fetch(f"{server.url}/a", tmp_path / "a", sha256=None)
    assert left(tmp_path) == []
    assert server.asked["/a"] == 3


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://127.0.0.1:9/a", "server cannot be reached"), ("http://no.such.host.invalid/a", "no network")],
)
def test_without_a_network_the_message_says_what_to_put_where(
    server: Server, tmp_path: Path, url: str, reason: str
) -> None:
    with pytest.raises(WrongInput, match=rf"{url} cannot be downloaded \(.*{reason}.*put it at {tmp_path}/a"):
        fetch(url, tmp_path / "a", sha256=None)
    assert left(tmp_path) == []


def test_what_the_server_does_not_have_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=r"the server answers 404"):
        fetch(f"{server.url}/nothing", tmp_path / "a", sha256=None)
    assert server.asked["/nothing"] == 1


def test_of_two_processes_one_fetches(server: Server, tmp_path: Path) -> None:
    server.files["/a"] = b"content" * 100_000
    given = {"url": f"{server.url}/a", "place": tmp_path / "a", "sha256": sha256(server.files["/a"])}
    processes = [multiprocessing.get_context("fork").Process(target=fetch, kwargs=given) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert server.asked["/a"] == 1


def archive(path: Path, members: dict[str, bytes], *, links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return path


def test_an_archive_gives_the_wanted_files(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.tgz", {"top/r/1.wav": b"one", "top/r/2.wav": b"two", "top/run.py": b"no"})
    lines = f"{sha256(b'one')}  r/1.wav\n{sha256(b'two')}  r/2.wav\n"
    unpack(file, tmp_path / "to", wanted=r"r/.*\.wav", above=1, most=100, contents=sha256(lines.encode()))
    assert {path.relative_to(tmp_path / "to").as_posix() for path in (tmp_path / "to").rglob("*.*")} == {
        "r/1.wav",
        "r/2.wav",
    }
    with pytest.raises(WrongInput, match="are not those that are known"):
        unpack(file, tmp_path / "more", wanted=r"r/.*\.wav", above=1, most=100, contents="0" * 64)
    assert left(tmp_path) == ["a.tgz", "to"]


@pytest.mark.parametrize("name", ["../evil.wav", "/tmp/evil.wav", "top/../../evil.wav", "top\\..\\evil.wav"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    file = archive(tmp_path / "a.tgz", {"top/good.wav": b"good", name: b"evil"})
    with pytest.raises(WrongInput, match="which is outside of it"):
        unpack(file, tmp_path / "to", wanted=".*", above=0, most=100)
    assert left(tmp_path) == ["a.tgz"]


def test_links_are_not_made(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.tgz", {"good.wav": b"good"}, links={"evil.wav": "/etc/passwd", "folder": "/tmp"})
    unpack(file, tmp_path / "to", wanted=".*", above=0, most=100)
    assert left(tmp_path / "to") == ["good.wav"]


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.tgz", {"zeros.wav": bytes(1_000_000)})
    with pytest.raises(WrongInput, match="unpacks to more than it should"):
        unpack(file, tmp_path / "to", wanted=".*", above=0, most=999_999)
    assert left(tmp_path) == ["a.tgz"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_damaged_archive_is_told(tmp_path: Path, share: float) -> None:
    rng = np.random.default_rng(0)
    file = archive(tmp_path / "a.tgz", {f"{number}.wav": rng.bytes(5000) for number in range(20)})
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(WrongInput, match=r"a\.tgz (is damaged|holds none)"):
        unpack(file, tmp_path / "to", wanted=".*", above=0, most=1_000_000)
    assert left(tmp_path) == ["a.tgz"]


def wav() -> bytes:
    content = io.BytesIO()
    soundfile.write(content, np.random.default_rng(0).uniform(-0.5, 0.5, 2000), 8000, format="WAV")
    return content.getvalue()


def test_recordings_are_fetched_with_their_official_lists(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"./{word}/{number}.wav" for word in ("yes", "no") for number in range(4)]
    members = dict.fromkeys([*names, "./_background_noise_/hum.wav"], wav())
    members |= {"./validation_list.txt": b"yes/0.wav\nno/0.wav\n", "./testing_list.txt": b"yes/1.wav\nno/1.wav\n"}
    server.files["/speech.tgz"] = archive(tmp_path / "speech.tgz", members).read_bytes()
    known = named.ARCHIVES["speech_commands"]
    monkeypatch.setitem(
        named.ARCHIVES,
        "speech_commands",
        known._replace(url=f"{server.url}/speech.tgz", sha256=sha256(server.files["/speech.tgz"])),
    )
    settings = {
        "folder": "speech",
        "root": str(tmp_path / "data"),
        "val_list": "validation_list.txt",
        "test_list": "testing_list.txt",
        "leave_out": "^_background_noise_/",
        "sample_rate": 8000,
        "archive": "speech_commands",
    }
    with pytest.raises(WrongInput, match=r"or fetch it with data\.download=true"):
        AudioFolder(**settings).load(0)  # type: ignore[arg-type]
    for _ in range(2):
        sets = AudioFolder(**settings, download=True, cache=str(tmp_path / "cache")).load(0)  # type: ignore[arg-type]
    assert server.asked["/speech.tgz"] == 1
    assert sets.classes == ("no", "yes")
    assert sets.val is not None
    assert sets.test is not None
    assert [sorted(part.names or ()) for part in (sets.val, sets.test)] == [
        ["no/0.wav", "yes/0.wav"],
        ["no/1.wav", "yes/1.wav"],
    ]
    assert len(sets.train) == 4
    (tmp_path / "data" / "speech" / "testing_list.txt").write_text("yes/9.wav\n")
    with pytest.raises(WrongInput, match=r"testing_list\.txt line 1 names yes/9\.wav, which is no audio file"):
        AudioFolder(**settings).load(0)  # type: ignore[arg-type]


def test_what_is_known_of_the_spoken_digits_is_true_of_the_real_ones(data_root: Path) -> None:
    folder = next((root for root in (data_root / "audio" / "fsdd", data_root / "fsdd") if root.is_dir()), None)
    if folder is None:
        pytest.skip(f"{data_root} has no fsdd")
    names = sorted(f"recordings/{path.name}" for path in (folder / "recordings").glob("*.wav"))
    lines = "".join(f"{sha256((folder / name).read_bytes())}  {name}\n" for name in names)
    assert sha256(lines.encode()) == named.ARCHIVES["fsdd"].contents


def test_drawings_are_fetched_by_class_and_their_hash_is_kept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named, "QUICKDRAW", f"{server.url}/")
    for path, size in (("/cat.ndjson", 9), ("/The%20Eiffel%20Tower.ndjson", 5)):
        server.files[path] = f'{{"key_id": "1", "drawing": [[[0, {size}], [1, 2]]]}}\n'.encode() * 10
    settings = {"folder": "drawn", "root": str(tmp_path), "classes": ["cat", "The Eiffel Tower"]}
    for _ in range(2):
        sets = QuickDraw(**settings, download=True).load(0)  # type: ignore[arg-type]
    assert sets.classes == ("cat", "The Eiffel Tower")
    assert set(server.asked.values()) == {1}
    assert (tmp_path / "drawn" / "SHA256SUMS").read_text().splitlines() == [
        f"{sha256(server.files['/cat.ndjson'])}  cat.ndjson",
        f"{sha256(server.files['/The%20Eiffel%20Tower.ndjson'])}  The Eiffel Tower.ndjson",
    ]
    (tmp_path / "drawn" / "cat.ndjson").unlink()
    server.files["/cat.ndjson"] += b"\n"
    with pytest.raises(WrongInput, match=r"cat\.ndjson gave a file that has not the SHA-256"):
        QuickDraw(**settings, download=True).load(0)  # type: ignore[arg-type]
    with pytest.raises(WrongInput, match=r"names '\.\./cat', which is no class"):
        QuickDraw(folder="drawn", root=str(tmp_path), classes=["../cat", "dog"], download=True).load(0)


def test_a_download_needs_a_name() -> None:
    with pytest.raises(WrongInput, match=r"download is true, but .* set data\.archive"):
        AudioFolder(folder="a", download=True)
    with pytest.raises(WrongInput, match=r"download is true.*set data\.classes"):
        QuickDraw(folder="a", download=True)
