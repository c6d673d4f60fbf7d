"""Companies as released versions left them on disk (tests/golden), opened by today's programs."""

import json
import shutil
import tarfile

import support

FOLDER = support.ROOT / "tests" / "golden"
VERSIONS = sorted((path for path in FOLDER.iterdir() if path.is_dir() and path.name.startswith("v")),
                  key=lambda path: int(path.name[1:]))
PLACES = ("server", "hq", "anna", "bob")
PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4  # what anna has not sent either, since v3
ARCHIVE = "company.tar.xz"  # of the places; v1 has them as they are


class TestCase(support.TestCase):
    def copy(self, version):
        folder = self.folder()
        if (version / ARCHIVE).exists():
            with tarfile.open(version / ARCHIVE) as archive:
                archive.extractall(folder)
        else:
            for name in PLACES:
                shutil.copytree(version / name, folder / name)
        for name in PLACES:
            for path in (folder / name).rglob("*"):
                path.chmod(0o600 if path.is_file() else 0o700)
        return folder

    def expected(self, version):
        return json.loads((version / "expected.json").read_text())

    def open(self, version):
        return self.open_copy(self.copy(version))

    def open_copy(self, folder):
        company = self.run_server(support.Company(self, folder))
        company.server.verify()
        company.server.start()
        stations = {name: support.Station(folder / name) for name in PLACES[1:]}
        for station in stations.values():
            station.run("move", company.server.address)
        return company, stations
