"""What the end-to-end tests share: a company per test, built from the real programs.

    class TestSomething(support.TestCase):
        def test_it(self):
            company = self.company()            # a small one, or self.company(full=True)
            anna = company.station("anna", "Anna Snelling")

A company with the data of tests/data/crm-sales takes some seconds to make. It is made once per build
and copied: the copy is a world of its own, since server and headquarters are copied together.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from company import (BIN, DATA, ROOT, Failure, Link, Server, Station, Watch,  # noqa: E402,F401
                     copy_folder, free_port, wait_until)

SMALL = {
    "sales_teams.csv": """sales_agent,manager,regional_office
Ann Reed,Mia Stone,North
Bob Lane,Mia Stone,North
Cy Dow,Tom Hill,South
Eve Idle,Tom Hill,South
""",
    "products.csv": """product,series,sales_price
Alpha 1,Alpha,550
Alpha 2,Alpha,4821
Beta,Beta,55
""",
    "accounts.csv": """account,sector,year_established,revenue,employees,office_location,subsidiary_of
Northwind,retail,1996,1100.04,2822,United States,
Southgate,medical,1999,251.41,495,Kenya,Northwind
Eastbank,technolgy,1986,647.18,1185,Philipines,
Westfield,software,2012,587.34,1356,China,
""",
    "sales_pipeline.csv": """opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
D001,Ann Reed,Alpha1,Northwind,Won,2017-01-01,2017-03-01,600
D002,Ann Reed,Alpha 2,Northwind,Lost,2017-01-02,2017-03-02,0
D003,Ann Reed,Beta,Southgate,Engaging,2017-01-03,,
D004,Ann Reed,Alpha 1,,Prospecting,,,
D005,Bob Lane,Alpha 2,Northwind,Won,2017-01-05,2017-03-05,5000
D006,Bob Lane,Beta,Eastbank,Engaging,2017-01-06,,
D007,Bob Lane,Beta,Eastbank,Won,2017-01-07,2017-03-07,50
D008,Cy Dow,Alpha 1,Westfield,Won,2017-01-08,2017-03-08,500
D009,Cy Dow,Alpha 2,Southgate,Won,2017-01-09,2017-03-09,4800
D010,Cy Dow,Beta,Westfield,Prospecting,,,
""",
}


def write_files(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        data = text if isinstance(text, bytes) else text.encode()
        (folder / name).write_bytes(data)
    return folder


class Company:
    """A running server with its headquarters station, and whoever is added."""

    server_class, station_class = Server, Station

    def __init__(self, test, folder):
        self.test = test
        self.folder = pathlib.Path(folder)
        self.server = self.server_class(self.folder / "server")
        self.hq = self.station_class(self.folder / "hq")
        self.links = {}

    def make(self, data):
        invitation = self.server.init("Example")
        self.server.start()
        self.hq.enrol(invitation, name="hq")
        self.hq.sync()
        if data is not None:
            self.hq.import_files(data)
            self.hq.sync()
        return self

    def link(self, name, **options):
        link = self.links[name] = Link(self.server.port, **options)
        self.test.addCleanup(link.close)
        return link

    def station(self, name, user, *options, clock=None, sync=True):
        """Enrols a station for a user over a link of its own."""
        station = self.station_class(self.folder / name, link=self.link(name), clock=clock)
        station.enrol(self.server.invite(user, *options), name=name)
        if sync:
            station.sync()
        return station

    def settle(self, *stations):
        """Syncs until everybody has everything."""
        for _ in range(2):
            for station in (*stations, self.hq):
                station.sync()
        for station in stations:
            station.sync()


def _build_id():
    """Another build, another cache."""
    digest = hashlib.sha256()
    for path in [BIN / "satchel", BIN / "satcheld", *sorted(DATA.glob("*.csv")), __file__]:
        status = os.stat(path)
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _locked(path):
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class TestCase(unittest.TestCase):
    maxDiff = None

    def folder(self):
        path = tempfile.mkdtemp(prefix="satchel-e2e-")
        self.addCleanup(shutil.rmtree, path, True)
        return pathlib.Path(path)

    def run_server(self, company):
        self.addCleanup(company.server.kill)
        return company

    def company(self, full=False, data=None):
        """A company with the small data, with that of a folder, or with the whole sample."""
        folder = self.folder()
        if not full:
            company = self.run_server(Company(self, folder))
            return company.make(data or write_files(folder / "data", SMALL))
        source = self._full()
        for name in ("server", "hq"):
            copy_folder(source / name, folder / name)
        company = self.run_server(Company(self, folder))
        company.server.start()
        company.hq.run("move", company.server.address)
        return company

    def _full(self):
        cache = BIN.parent / "e2e-cache"
        cache.mkdir(exist_ok=True)
        made = cache / _build_id()
        with _locked(cache / "lock"):
            if made.exists():
                return made
            for old in cache.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            draft = cache / "draft"
            company = Company(self, draft)
            draft.mkdir()
            try:
                company.make(DATA)
                company.server.stop()
            except BaseException:
                company.server.kill()
                shutil.rmtree(draft, True)
                raise
            draft.rename(made)
        return made

    def assertRefused(self, code, field, call, *arguments, **values):
        """The call fails with this code (and field, unless None), and says something to people."""
        with self.assertRaises(Failure) as caught:
            call(*arguments, **values)
        self.assertNotEqual(caught.exception.status, 0)
        self.assertEqual(caught.exception.code, code, caught.exception.errors)
        if field is not None:
            self.assertEqual(caught.exception.field, field, caught.exception.errors)
        self.assertTrue(caught.exception.message)
        return caught.exception
