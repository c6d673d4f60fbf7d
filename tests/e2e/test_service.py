"""satcheld as a service: its configuration file, and what it tells the service manager."""

import os
import signal
import socket
import subprocess
import unittest

import support
from company import free_port
from support import BIN


class Configuration(support.TestCase):
    def write(self, text):
        path = self.folder() / "satcheld.conf"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def serve(self, path, *words, command="serve"):
        return subprocess.run([BIN / "satcheld", command, "--config", path, *words],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def assert_refused(self, path, code, *parts):
        done = self.serve(path)
        self.assertEqual(done.returncode, 2, done.stderr)
        for part in (f"({code}", *parts):
            self.assertIn(part, done.stderr)

    def test_what_is_not_understood_names_the_line(self):
        data = "# Satchel\n\ndata = /nowhere\n"
        for line, code, part in (
                ("lisen = 127.0.0.1:1", "config.key", '"lisen"'),
                ("listen 127.0.0.1:1", "config.line", "key = value"),
                ("= 127.0.0.1:1", "config.line", "key = value"),
                ("listen =", "config.value", "listen"),
                ("allow_plain = maybe", "config.value", "yes or no"),
                ("allow_plain =", "config.value", "allow_plain"),
                ("data = /elsewhere", "config.twice", "line 3"),
        ):
            with self.subTest(line=line):
                self.assert_refused(self.write(data + line + "\nlisten = x"), code, "line 4", part)

    def test_what_is_no_configuration_file(self):
        folder = self.folder()
        self.assert_refused(folder / "missing", "config.read", "missing")
        self.assert_refused(folder, "config.read", str(folder))
        self.assert_refused(self.write(b"data = /\xff\n"), "config.text")
        self.assert_refused(self.write(b"data = /tmp\0/x\n"), "config.text")
        self.assert_refused(self.write("#" * (64 * 1024 + 1)), "config.size")
        self.assertNotIn("config.", self.serve(self.write(
            "data = /nowhere\n#".ljust(64 * 1024, "#"))).stderr)

    def test_a_file_without_a_folder(self):
        done = self.serve(self.write("# data = /nowhere\n"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("--data", done.stderr)

    def test_the_file_counts_and_the_command_line_wins(self):
        folder = self.folder()
        config = self.write(f"\t data=  {folder / 'a company'}  \r\nlisten = 203.0.113.7:9 \n"
                            "allow_plain = no\n")
        made = self.serve(config, "--org", "Example", "--address", "http://127.0.0.1:9",
                          command="init")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertTrue((folder / "a company" / "master.db").exists())
        self.assertEqual(self.serve(config, command="verify").returncode, 0)

        plain = self.serve(config)
        self.assertEqual(plain.returncode, 1)
        self.assertIn("server.plain", plain.stderr)
        port = free_port()
        with running(config, "--listen", f"127.0.0.1:{port}") as process:
            self.assertIn(f"listening on 127.0.0.1:{port}", first_line(process))


class Readiness(support.TestCase):
    def test_the_service_manager_hears_when_it_is_ready_and_when_it_stops(self):
        folder = self.folder()
        subprocess.run([BIN / "satcheld", "init", "--data", folder / "hq", "--org", "Example"],
                       check=True, capture_output=True)
        for name in (str(folder / "notify"), f"\0satchel-test-{os.getpid()}"):
            with self.subTest(name=name), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(name)
                manager.settimeout(60)
                environment = {**os.environ, "NOTIFY_SOCKET": name.replace("\0", "@")}
                with running("", "--data", folder / "hq", "--listen",
                             f"127.0.0.1:{free_port()}", env=environment) as process:
                    self.assertEqual(manager.recv(100), b"READY=1")
                    process.send_signal(signal.SIGTERM)
                    self.assertEqual(manager.recv(100), b"STOPPING=1")
                    self.assertEqual(process.wait(60), 0)

    def test_it_serves_though_nobody_listens(self):
        folder = self.folder()
        subprocess.run([BIN / "satcheld", "init", "--data", folder / "hq", "--org", "Example"],
                       check=True, capture_output=True)
        environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "nobody")}
        with running("", "--data", folder / "hq", "--listen", f"127.0.0.1:{free_port()}",
                     env=environment) as process:
            self.assertIn("listening on", first_line(process))
            self.assertIn("cannot be told", process.stderr.readline().decode())


def first_line(process):
    for line in process.stderr:
        if not line.startswith(b"{"):
            return line.decode()
    return ""


class running:
    """A server that ends with the block, whatever happens in it."""

    def __init__(self, config, *words, env=None):
        options = ["--config", config] if config else []
        self.command = [BIN / "satcheld", "serve", *options, *words]
        self.env = env

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=self.env)
        return self.process

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(60)
        self.process.stderr.close()


if __name__ == "__main__":
    unittest.main()
