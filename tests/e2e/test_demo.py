"""tools/demo plays to its end, with the sample and with other files, and leaves a company that works."""

import pathlib
import subprocess
import unittest

import support
from support import BIN, ROOT, Server, Station


class Demo(support.TestCase):

    def play(self, *options):
        kept = self.folder() / "kept"
        done = subprocess.run([ROOT / "tools" / "demo", "--once", "--keep", kept, *options],
                              capture_output=True, text=True, timeout=280,
                              env={**support.os.environ, "SATCHEL_BIN": str(BIN)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertLess(len(done.stdout.splitlines()), 120)
        self.assertIn("Lost: 0, twice: 0", done.stdout)
        return kept, done.stdout

    def go_on(self, kept):
        """What was kept works without the demo: the server serves, the stations sync."""
        stations = {path.name: Station(path) for path in kept.iterdir()
                    if path.is_dir() and path.name != "server"}
        self.assertEqual(stations.keys(), {"hq", "anna", "darcel", "dustin", "melvin"})
        address = stations["anna"].status()["server"]
        server = Server(kept / "server", port=int(address.rsplit(":", 1)[1].rstrip("/")))
        server.start()
        self.addCleanup(server.kill)
        for station in stations.values():
            station.sync()
            station.verify()
        server.verify()
        return stations

    def test_with_the_sample(self):
        kept, said = self.play()
        self.assertIn("8,800 opportunities", said)
        self.assertIn("63.15 %", said)
        self.assertNotIn("The folders are", said)
        self.assertIn("10,005,534.00", said)
        stations = self.go_on(kept)
        self.assertEqual(len(stations["hq"].ask("conflict.list", all=True)), 1)
        deals = stations["hq"].ask("opportunity.list", limit=1000000)
        self.assertEqual(len(deals), 8802)  # and the two registered without a network

    def test_with_other_files(self):
        """Fewer rows, other names, quoted commas, CRLF, a blank last line."""
        files = {}
        for name, text in support.SMALL.items():
            text = text.replace("Eastbank", '"Eastbank, Inc."')
            files[name] = text.replace("\n", "\r\n") + "\r\n"
        kept, said = self.play("--data", support.write_files(self.folder(), files))
        stations = self.go_on(kept)
        names = {row["name"] for row in stations["hq"].ask("customer.list", limit=1000000)}
        self.assertIn("Eastbank, Inc.", names)
        self.assertIn("The folders are: anna of ", said)
        self.assertNotRegex(said, r"\b1 (opportunities|customers|branches|products|people)\b")

    def test_wrong_options(self):
        for options in (["--data", "/nowhere"], ["--keep", str(pathlib.Path(__file__).parent)],
                        ["--twice"]):
            done = subprocess.run([ROOT / "tools" / "demo", *options], capture_output=True, text=True,
                                  env={**support.os.environ, "SATCHEL_BIN": str(BIN)})
            self.assertEqual(done.returncode, 2, done)


if __name__ == "__main__":
    unittest.main()
