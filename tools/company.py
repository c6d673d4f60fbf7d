"""A company on one machine: its server, its stations, and the links between them.

What tools/demo and the end-to-end tests are made of. Real programs, real sockets, real files; standard
library only. Nothing here kills a process that it did not start.
"""

import json
import os
import pathlib
import random
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("SATCHEL_BIN", ROOT / "build" / "bin"))
DATA = ROOT / "tests" / "data" / "crm-sales"

WAIT = float(os.environ.get("SATCHEL_WAIT", "60"))  # seconds before an awaited condition is given up


class Failure(Exception):
    """A program that ended with another status than 0, with what it said."""

    def __init__(self, command, status, output, errors):
        self.command, self.status, self.output, self.errors = command, status, output, errors
        said = {}
        for line in errors.strip().splitlines():
            if line.startswith("{"):
                try:
                    said = json.loads(line)
                except ValueError:
                    pass
        self.code = said.get("code", "")
        self.field = said.get("field", "")
        self.message = said.get("message", errors.strip())
        super().__init__(f"{' '.join(map(str, command))} ended with {status}: {errors.strip()[-2000:]}")


def wait_until(condition, what, timeout=WAIT):
    """Awaits a condition and returns its first true value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout:.0f} s: {what}")
        time.sleep(0.02)


def free_port():
    """A port below the range from which the system takes ports for outgoing connections, so that it
    stays ours while the server is down."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise OSError("no free port")


class Link:
    """The network between one station and the server: a TCP proxy that can be cut.

    Cut means: what is open is torn down, and who comes is turned away, until restore()."""

    CHUNK = 4096

    def __init__(self, port, delay=0.0):
        self.target = ("127.0.0.1", port)
        self.delay = delay  # seconds per chunk, in both directions
        self.bytes_up = self.bytes_down = 0
        self.held = 0  # bytes that hold() keeps from the station
        self._hold = threading.Event()
        self._hold.set()  # not holding
        self._cut = False
        self._tear_up = self._tear_down = None  # totals of bytes at which the link tears
        self._open = set()
        self._lock = threading.Lock()
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        with self._lock:
            self._cut = True
            self._hold.set()
            sockets, self._open = self._open, set()
        for one in sockets:
            self._reset(one)

    def restore(self):
        with self._lock:
            self._cut = False
            self._hold.set()
            self._tear_up = self._tear_down = None

    def tear_after(self, count):
        """Lets `count` more bytes through to the station, not one more, and then cuts."""
        with self._lock:
            self._tear_down = self.bytes_down + count

    def tear_up_after(self, count):
        """The same for what the station sends."""
        with self._lock:
            self._tear_up = self.bytes_up + count

    def hold(self):
        """Keeps what the server answers from the station, until restore() or cut()."""
        self.held = 0
        self._hold.clear()

    def close(self):
        self.cut()
        self._listener.close()

    @staticmethod
    def _reset(one):
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = None if self._cut else self._reach()
            with self._lock:
                refused = far is None or self._cut  # cut meanwhile
                if not refused:
                    self._open |= {near, far}
            if refused:
                for one in filter(None, (near, far)):
                    self._reset(one)
                continue
            for source, sink, down in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pump, args=(source, sink, down), daemon=True).start()

    def _reach(self):
        """A connection to the server, if there is one."""
        try:
            far = socket.create_connection(self.target, timeout=5)
            far.settimeout(None)
            return far
        except OSError:
            return None

    def _pass(self, data, down):
        """What of the data goes through."""
        if down:
            data = data if self._tear_down is None else data[:self._tear_down - self.bytes_down]
            self.bytes_down += len(data)
        else:
            data = data if self._tear_up is None else data[:self._tear_up - self.bytes_up]
            self.bytes_up += len(data)
        return data

    def _pump(self, source, sink, down):
        try:
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := source.recv(self.CHUNK):
                if self.delay:
                    time.sleep(self.delay)
                if down and not self._hold.is_set():
                    self.held += len(data)
                    self._hold.wait()
                with self._lock:
                    if source not in self._open:  # cut meanwhile
                        return
                    passed = self._pass(data, down)
                sink.sendall(passed)
                if len(passed) < len(data):
                    self.cut()
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        finally:
            if not down:
                return
            with self._lock:
                self._open -= {source, sink}
            for one in (source, sink):
                one.close()


class Server:
    """satcheld over one data folder, on a port that stays the same over restarts."""

    program = BIN / "satcheld"

    def __init__(self, folder, port=None):
        self.folder = pathlib.Path(folder)
        self.port = port or free_port()
        self.process = None
        self.clock = None  # what faketime takes, from the next start on

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def run(self, *words):
        command = [self.program, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Failure(command, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def init(self, org, currency="USD", admin="Headquarters"):
        """Makes the company; returns the invitation for its first user."""
        output = self.run("init", "--data", self.folder, "--org", org, "--address", self.address,
                          "--currency", currency, "--admin", admin)
        return output.strip().splitlines()[-1].strip()

    def invite(self, user, *options):
        output = self.run("invite", "--data", self.folder, "--user", user, *options)
        return output.strip().splitlines()[-1].strip()

    def verify(self, *options):
        return self.run("verify", "--data", self.folder, *options)

    def access(self, user):
        """A first password for headquarters' page."""
        return self.run("access", "--data", self.folder, "--user", user).strip().splitlines()[-1].strip()

    def start(self, *options):
        log = open(self.folder / "serve.log", "ab")
        before = ["faketime", "-f", self.clock] if self.clock else []
        self.process = subprocess.Popen(
            [*before, self.program, "serve", "--data", self.folder,
             "--listen", f"127.0.0.1:{self.port}", *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.PIPE)
        log.close()
        self._wait_ready()
        return self

    def _wait_ready(self):
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stderr, selectors.EVENT_READ)
            end = time.monotonic() + WAIT
            while b"listening on" not in said:
                if not selector.select(max(0.0, end - time.monotonic())):
                    raise TimeoutError(f"the server is not ready: {said.decode(errors='replace')}")
                data = os.read(self.process.stderr.fileno(), 65536)
                if not data:
                    raise Failure(["satcheld", "serve"], self.process.wait(), "",
                                  said.decode(errors="replace"))
                said += data
        self._drain(self.process.stderr)

    def _drain(self, pipe):
        """What it says later goes to its log, so that the pipe never fills."""
        log = self.folder / "serve.log"

        def copy():
            with open(log, "ab", buffering=0) as file:
                for line in pipe:
                    file.write(line)
            pipe.close()

        threading.Thread(target=copy, daemon=True).start()

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def _end(self, how):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None


class Station:
    """One folder of the satchel command line."""

    program = BIN / "satchel"

    def __init__(self, home, link=None, clock=None, actor=None):
        self.home = pathlib.Path(home)
        self.link = link
        self.clock = clock  # what faketime takes: "-1d" is a day slow
        self.actor = actor

    def command(self, *words):
        before = ["faketime", "-f", self.clock] if self.clock else []
        actor = ["--as", self.actor] if self.actor else []
        return [*before, self.program, "--home", self.home, *actor, *words]

    def start(self, *words, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, text=True, **options)

    def run(self, *words, accept=(0,)):
        """Runs a subcommand and returns what it printed; raises Failure on another status."""
        command = self.command(*words)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=300)
        if done.returncode not in accept:
            raise Failure(command, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def json(self, *words, accept=(0,)):
        return json.loads(self.run(*words, "--json", accept=accept))

    @staticmethod
    def _values(values):
        for name, value in values.items():
            name = name.rstrip("_")  # from_, to_: words of Python's own
            if isinstance(value, str):
                yield f"{name}={value}"
            elif value is not None:
                yield f"{name}:={json.dumps(value)}"

    def do(self, command, **values):
        return self.json("do", command, *self._values(values))

    def ask(self, query, **values):
        return self.json("ask", query, *self._values(values))

    def enrol(self, invitation, name=None):
        options = ["--name", name] if name else []
        if self.link:
            options += ["--address", self.link.address]
        return self.json("enrol", invitation, *options)

    def sync(self, differences=0):
        """What is held must be what headquarters counts, at every sync of every test."""
        report = self.json("sync")
        if report["differences"] != differences:
            raise AssertionError(f"{self.home} differs from headquarters: {report}")
        return report

    def status(self):
        return self.json("status")

    def inbox(self):
        return self.json("inbox")

    def verify(self):
        return self.run("verify")

    def import_files(self, *words, accept=(0,)):
        return self.json("import", *words, accept=accept)


class App:
    """`satchel app` of a station: its pages in a browser, at `address`."""

    def __init__(self, station, listen="127.0.0.1:0"):
        self.process = station.start("app", "--listen", listen, stderr=subprocess.STDOUT)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.strip().startswith("http"):
                self.address = line.strip()
                break
        else:
            raise Failure(["satchel", "app"], self.process.wait(), "", "".join(said))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=WAIT)


class Watch:
    """`satchel sync --watch` in the background; its events are read as they come."""

    def __init__(self, station):
        self.events = []
        self.process = station.start("sync", "--watch", "--json", stderr=subprocess.DEVNULL)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.events.append({"event": line.strip()})

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=WAIT)
        self._thread.join(timeout=WAIT)
        self.process.stdout.close()
        return self.process.returncode


def copy_folder(source, target):
    shutil.copytree(source, target, symlinks=True)
