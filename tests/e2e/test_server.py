"""satcheld as its administrator meets it: health, figures, TLS, backup, shutdown, and what it refuses."""

import json
import shutil
import subprocess
import unittest
import urllib.error
import urllib.request

import support
from support import Failure


def get(address, path):
    with urllib.request.urlopen(address + path, timeout=10) as response:
        return response.read().decode()


class Running(support.TestCase):
    def test_health_and_figures(self):
        company = self.company()
        health = json.loads(get(company.server.address, "/healthz"))
        self.assertEqual((health["status"], health["stations"]), ("ok", 1))
        self.assertGreater(health["gsn"], 0)
        figures = dict(line.rsplit(" ", 1) for line in get(company.server.address, "/metrics").splitlines()
                       if not line.startswith("#"))
        self.assertEqual(int(figures["satchel_stations"]), 1)
        self.assertGreater(int(figures['satchel_verdicts_total{kind="merged"}']), 0)
        self.assertEqual(int(figures['satchel_verdicts_total{kind="refused"}']), 0)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            get(company.server.address, "/etc/passwd")
        self.assertEqual(caught.exception.code, 404)
        caught.exception.close()

    def test_its_log_is_structured(self):
        company = self.company()
        company.server.stop()
        log = company.server.folder / "serve.log"
        support.wait_until(lambda: "stopped" in log.read_text(), "the log's last line")
        events = [json.loads(line)["event"] for line in log.read_text().splitlines()
                  if line.startswith("{")]
        self.assertIn("station enrolled", events)
        self.assertIn("stopping", events)

    def test_a_backup_beside_a_running_server(self):
        company = self.company()
        copy = company.folder / "copy"
        company.server.run("backup", "--data", company.server.folder, "--to", copy)
        company.server.run("verify", "--data", copy)
        with self.assertRaises(Failure) as caught:
            company.server.run("backup", "--data", company.server.folder, "--to", copy)
        self.assertIn("backup.exists", str(caught.exception))

    def test_shutdown_while_a_station_syncs(self):
        company = self.company()
        ann = company.station("ann", "Ann Reed")
        for number in range(20):
            ann.do("customer.register", name=f"Late {number}")
        process = ann.start("sync", "--json")
        company.server.stop()
        process.communicate(timeout=60)
        company.server.verify()
        company.server.start()
        ann.sync()
        self.assertEqual(ann.status()["waiting"], 0)
        self.assertEqual(len(company.hq.ask("customer.list", text="Late", limit=100)), 0)
        company.hq.sync()
        self.assertEqual(len(company.hq.ask("customer.list", text="Late", limit=100)), 20)


class Refusing(support.TestCase):
    def refused(self, code, *words):
        done = subprocess.run([support.BIN / "satcheld", *words], capture_output=True, text=True,
                              timeout=60)
        self.assertNotEqual(done.returncode, 0, words)
        self.assertIn(code, done.stderr, words)

    def test_wrong_usage(self):
        folder = self.folder()
        self.refused("no command", "sevre")
        self.refused("no option", "serve", "--dta", folder)
        self.refused("--data", "serve")
        self.refused("--org", "init", "--data", folder / "new")
        self.assertFalse((folder / "new").exists())
        self.refused("server.empty", "serve", "--data", folder)
        self.refused("address.invalid", "init", "--data", folder / "new", "--org", "X", "--address", "hq")
        self.refused("address.invalid", "init", "--data", folder / "new", "--org", "X", "--address",
                     "http://hq:8787/path")
        self.refused("currency.invalid", "init", "--data", folder / "new", "--org", "X", "--currency",
                     "DOLLARS")
        self.assertFalse((folder / "new").exists())

    def test_a_company_is_never_overwritten(self):
        company = self.company()
        self.refused("server.exists", "init", "--data", company.server.folder, "--org", "Another")
        self.refused("user.unknown", "invite", "--data", company.server.folder, "--user", "Nobody")
        self.refused("role.unknown", "invite", "--data", company.server.folder, "--user", "Ann Reed",
                     "--ceiling", "king")
        self.refused("time span", "invite", "--data", company.server.folder, "--user", "Ann Reed",
                     "--expires", "soon")

    def test_one_server_serves_a_folder(self):
        company = self.company()
        self.refused("server.running", "serve", "--data", company.server.folder, "--listen", "127.0.0.1:0")
        company.server.stop()
        company.server.start()

    def test_plain_http_stays_on_this_machine(self):
        company = self.company()
        company.server.stop()
        self.refused("server.plain", "serve", "--data", company.server.folder, "--listen", "0.0.0.0:0")
        self.refused("server.certificate", "serve", "--data", company.server.folder, "--certificate",
                     company.folder / "none.pem")


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Tls(support.TestCase):
    def certificate(self, folder):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", folder / "key.pem", "-out", folder / "ca.pem", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            check=True, capture_output=True)
        (folder / "server.pem").write_bytes((folder / "key.pem").read_bytes()
                                            + (folder / "ca.pem").read_bytes())
        return folder / "server.pem"

    def test_a_certificate_is_checked(self):
        folder = self.folder()
        pem = self.certificate(folder)
        server = support.Server(folder / "server")
        self.addCleanup(server.kill)
        output = server.run("init", "--data", server.folder, "--org", "T", "--address",
                            f"https://localhost:{server.port}")
        invitation = output.strip().splitlines()[-1]
        server.start("--certificate", pem)
        station = support.Station(folder / "hq")
        self.assertRefused("transport.tls", None, station.json, "enrol", invitation)
        station.json("enrol", "--ca", folder / "ca.pem", invitation)
        station.sync()
        # the same server without TLS is not talked to
        server.stop()
        server.start()
        self.assertRefused("transport.tls", None, station.sync)


if __name__ == "__main__":
    unittest.main()
