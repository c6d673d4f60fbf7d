"""What earlier versions left on disk is read, taken in and proven by this one."""

import json
import shutil
import unittest

import support

GOLDEN = support.ROOT / "tests" / "golden"
VERSIONS = sorted(path for path in GOLDEN.iterdir() if path.is_dir() and path.name.startswith("v"))


class Golden(support.TestCase):
    def open(self, version):
        folder = self.folder()
        for name in ("server", "hq", "anna", "bob"):
            shutil.copytree(version / name, folder / name)
            for path in (folder / name).rglob("*"):
                path.chmod(0o600 if path.is_file() else 0o700)
        company = self.run_server(support.Company(self, folder))
        company.server.verify()
        company.server.start()
        stations = {name: support.Station(folder / name) for name in ("hq", "anna", "bob")}
        for station in stations.values():
            station.run("move", company.server.address)
        return company, stations

    def check(self, version):
        company, stations = self.open(version)
        expected = json.loads((version / "expected.json").read_text())
        for name, waiting in expected["waiting"].items():
            self.assertEqual(stations[name].status()["waiting"], waiting, name)
        company.settle(*stations.values())
        for name, station in stations.items():
            status = station.status()
            self.assertEqual((status["waiting"], status["attention"]), (0, 0), name)
            station.verify()
        card = stations["hq"].ask("customer.show", customer="Northwind")[0]
        self.assertEqual((card["phone"], card["email"], card["address"], card["website"]),
                         ("555-0002", "bob@northwind.example", "1 Main Street",
                          "https://northwind.example"))
        names = {row["name"] for row in stations["hq"].ask("customer.list", limit=1000)}
        self.assertIn("李明朗贸易有限公司", names)
        refusals = stations["anna"].inbox()["refusals"]
        self.assertEqual([row["command"] for row in refusals], ["opportunity.win"])
        company.server.verify()

    def test_every_released_version(self):
        self.assertTrue(VERSIONS, "there is no golden folder")
        for version in VERSIONS:
            with self.subTest(version=version.name):
                self.check(version)


if __name__ == "__main__":
    unittest.main()
