"""Photos and signatures: bytes beside the rows, in pieces, cut anywhere, only for those who see the row."""

import json
import os
import random
import shutil
import signal
import time
import unittest
import urllib.request

import page as pages
import support
from page import Refused
from support import Watch, wait_until

MEGABYTE = 1024 * 1024
JPEG = b"\xff\xd8\xff\xe0"


def photo(size, seed=1):
    return JPEG + random.Random(seed).randbytes(size - len(JPEG))


class Files(support.TestCase):

    def setUp(self):
        self.company_ = self.company()
        self.server = self.company_.server
        self.ann = self.company_.station("ann", "Ann Reed")
        self.link = self.company_.links["ann"]
        self.out = self.folder()

    def attach(self, station, data, *where, name="door.jpg"):
        path = self.out / name
        path.write_bytes(data)
        where = where or ("--opportunity", "D003")
        return station.json("attach", str(path), *where)["file"]

    def fetch(self, station, file):
        path = self.out / f"got-{random.getrandbits(64)}"
        station.run("file", "get", file, str(path), "--json")
        return path.read_bytes()

    def waiting(self, station):
        return station.json("file", "list")

    def kept(self):
        return json.loads(self.server.run("files", "--data", self.server.folder, "--json"))

    def verify_files(self, folder=None):
        return self.server.run("verify", "--data", folder or self.server.folder, "--files")


class ThereAndBack(Files):

    def test_byte_for_byte(self):
        data = photo(3 * MEGABYTE)
        file = self.attach(self.ann, data)
        waiting = self.waiting(self.ann)
        self.assertEqual((waiting["waiting_count"], waiting["waiting_bytes"]), (1, len(data)))
        self.assertEqual(waiting["waiting"], [{"file": file, "size": len(data), "sent": 0, "code": None}])
        self.assertEqual(self.ann.status()["files_waiting"], 1)
        report = self.ann.sync()
        self.assertEqual((report["files_sent"], report["transactions_sent"]), (1, 1))
        self.assertEqual(self.waiting(self.ann)["waiting_count"], 0)
        self.assertEqual(self.ann.status()["file_bytes_waiting"], 0)
        self.company_.hq.sync()
        row, = self.company_.hq.ask("attachment.list", opportunity="D003")
        self.assertEqual((row["file"], row["size"], row["name"], row["media"]),
                         (file, len(data), "door.jpg", "image/jpeg"))
        self.assertEqual(self.fetch(self.company_.hq, file), data)
        # A second time it is here: no network is needed.
        self.server.stop()
        self.assertEqual(self.fetch(self.company_.hq, file), data)
        self.verify_files()

    def test_figures(self):
        self.attach(self.ann, photo(5000))
        self.ann.sync()
        with urllib.request.urlopen(self.server.address + "/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        self.assertIn("satchel_files 1", lines)
        self.assertIn("satchel_file_bytes 5000", lines)

    def test_nothing_is_sent_twice(self):
        data = photo(MEGABYTE)
        self.attach(self.ann, data)
        self.ann.sync()
        before = self.link.bytes_up
        self.attach(self.ann, data, "--customer", "Northwind", name="again.jpg")
        self.ann.sync()
        self.assertLess(self.link.bytes_up - before, 50_000)
        self.assertEqual(self.kept()["kept"], 1)

    def test_offline(self):
        data = photo(100_000)
        file = self.attach(self.ann, data)
        bob = self.company_.station("bob", "Mia Stone")
        self.ann.sync()
        bob.sync()
        self.company_.links["bob"].cut()
        self.assertRefused("file.absent", "file", self.fetch, bob, file)
        self.company_.links["bob"].restore()
        self.assertEqual(self.fetch(bob, file), data)

    def test_not_there_yet(self):
        """The row arrived, the bytes did not: who looks is told so, and has them later."""
        data = photo(2 * MEGABYTE)
        file = self.attach(self.ann, data)
        # The row goes over another copy of the station, which has no bytes to send.
        copy = self.out / "copy"
        shutil.copytree(self.ann.home, copy)
        shutil.rmtree(copy / "files")
        support.Station(copy).sync()
        self.company_.hq.sync()
        self.assertRefused("file.absent", "file", self.fetch, self.company_.hq, file)
        self.assertEqual(self.kept()["kept"], 0)

    def test_damage_is_mended(self):
        data = photo(200_000)
        file = self.attach(self.ann, data)
        self.ann.sync()
        path = self.ann.home / "files" / file[:2] / file[2:]
        self.assertEqual(path.read_bytes(), data)
        path.write_bytes(b"x" + data[1:])
        self.assertEqual(self.fetch(self.ann, file), data)
        self.assertEqual(path.read_bytes(), data)
        kept = self.server.folder / "files" / file[:2] / file[2:]
        kept.write_bytes(data[:-1] + b"x")
        with self.assertRaises(support.Failure) as caught:
            self.verify_files()
        self.assertIn("file.corrupt", caught.exception.errors)
        kept.unlink()
        with self.assertRaises(support.Failure) as caught:
            self.verify_files()
        self.assertIn("file.lost", caught.exception.errors)

    def test_backup(self):
        data = photo(300_000)
        file = self.attach(self.ann, data)
        self.ann.sync()
        copy = self.out / "backup"
        self.server.run("backup", "--data", self.server.folder, "--to", copy)
        self.assertEqual((copy / "files" / file[:2] / file[2:]).read_bytes(), data)
        self.assertIn("1 files", self.verify_files(copy))

    def test_bad_input(self):
        empty = self.out / "empty.jpg"
        empty.write_bytes(b"")
        where = ("--customer", "Northwind")
        self.assertRefused("file.size", "file", self.ann.json, "attach", str(empty), *where)
        self.assertRefused("file.path", "FILE", self.ann.json, "attach", str(self.out / "none"), *where)
        self.assertRefused("file.path", "FILE", self.ann.json, "attach", str(self.out), *where)
        large = self.out / "large.bin"
        large.write_bytes(bytes(32 * MEGABYTE + 1))
        self.assertRefused("file.size", None, self.ann.json, "attach", str(large), *where)
        self.assertRefused("file.name", "file", self.ann.json, "file", "get", "../../device.key", "x")
        self.assertRefused("file.unknown", "file", self.ann.json, "file", "get", "ab" * 32, "x")
        # Knowing a hash is no right to name it.
        self.assertRefused("file.missing", "file", self.ann.do, "attachment.add", customer="Northwind",
                           file="ab" * 32, size=5, name="x")
        self.assertRefused("parameter.invalid", "file", self.ann.do, "attachment.add", customer="Northwind",
                           file="../x", size=5, name="x")


class Cuts(Files):

    def test_cut_anywhere(self):
        """Cut after ever other numbers of bytes: each try goes on where the last one was cut."""
        data = photo(4 * MEGABYTE, 2)
        file = self.attach(self.ann, data)
        dice = random.Random(3)
        self.link.delay = 0.001
        started = self.link.bytes_up
        tries = 0
        while self.waiting(self.ann)["waiting_count"]:
            tries += 1
            self.assertLess(tries, 60)
            before = self.link.bytes_up
            stop = before + dice.randrange(1, 700_000)
            process = self.ann.start("sync", "--json")
            wait_until(lambda: self.link.bytes_up >= stop or process.poll() is not None, "bytes")
            self.link.cut()
            process.communicate(timeout=60)
            self.link.restore()
        self.assertGreater(tries, 5)
        # What was cut is sent again, not more: at most a piece for each try.
        self.assertLess(self.link.bytes_up - started, len(data) + tries * 600_000)
        self.assertEqual(self._at_hq(file), data)
        self.verify_files()

    def _at_hq(self, file):
        self.company_.hq.sync()
        return self.fetch(self.company_.hq, file)

    def test_killed_anywhere(self):
        """kill -9 of station and server in turn."""
        data = photo(3 * MEGABYTE, 4)
        file = self.attach(self.ann, data)
        self.link.delay = 0.001
        dice = random.Random(5)
        for turn in range(8):
            stop = self.link.bytes_up + dice.randrange(1, 400_000)
            process = self.ann.start("sync", "--json")
            wait_until(lambda: self.link.bytes_up >= stop or process.poll() is not None, "bytes")
            if turn % 2:
                self.server.kill()
                self.server.start()
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
        self.link.delay = 0
        self.ann.sync()
        self.assertEqual(self.waiting(self.ann)["waiting_count"], 0)
        self.assertEqual(self._at_hq(file), data)
        self.verify_files()
        self.server.verify()

    def test_fetch_goes_on(self):
        data = photo(3 * MEGABYTE, 6)
        file = self.attach(self.ann, data)
        self.ann.sync()
        mia = self.company_.station("mia", "Mia Stone")
        link = self.company_.links["mia"]
        link.tear_after(1_500_000)
        self.assertRefused("file.absent", "file", self.fetch, mia, file)
        link.restore()
        before = link.bytes_down
        self.assertEqual(self.fetch(mia, file), data)
        self.assertLess(link.bytes_down - before, 2_300_000)

    def test_business_goes_first(self):
        """While a 4 MB photo crawls over a poor link, an order reaches headquarters."""
        data = photo(4 * MEGABYTE, 7)
        self.attach(self.ann, data)
        self.link.delay = 0.02  # 200 KB/s
        process = self.ann.start("sync")
        self.addCleanup(process.kill)
        wait_until(lambda: self.kept()["parts"] == 1, "the photo is on its way")
        self.ann.do("customer.edit", customer="Northwind", phone="555-7000")
        began = time.monotonic()

        def arrived():
            self.company_.hq.sync()
            return self.company_.hq.ask("customer.show", customer="Northwind")[0]["phone"] == "555-7000"

        wait_until(arrived, "the edit is at headquarters", 15)
        print(f"arrived after {time.monotonic() - began:.1f} s", flush=True)
        self.assertEqual((self.kept()["kept"], self.kept()["parts"]), (0, 1))
        self.link.delay = 0.002
        out, errors = process.communicate(timeout=100)
        self.assertEqual(process.returncode, 0, errors)
        self.assertRegex(errors, r"files: 1, [0-9.]+ [KM]B left, \d+ s left")
        self.assertEqual(self.kept()["kept"], 1)


    def test_news_come_meanwhile(self):
        """A station that stays online tells what came from headquarters while its photo crawls."""
        self.attach(self.ann, photo(3 * MEGABYTE, 14))
        self.link.delay = 0.02
        watch = Watch(self.ann)
        self.addCleanup(watch.stop)
        wait_until(lambda: self.kept()["parts"] == 1, "the photo is on its way")
        self.company_.hq.do("customer.edit", customer="Northwind", phone="555-9000")
        self.company_.hq.sync()
        seen = len(watch.events)
        wait_until(lambda: any(event["event"] == "changed" for event in watch.events[seen:]), "news", 30)
        self.assertEqual(self.kept()["kept"], 0)
        self.link.delay = 0
        wait_until(lambda: any(event["event"] == "files" for event in watch.events), "the photo is sent")
        self.assertEqual(self.kept()["kept"], 1)


class Rights(Files):

    def test_foreign_people(self):
        data = photo(50_000)
        file = self.attach(self.ann, data)
        self.ann.sync()
        cy = self.company_.station("cy", "Cy Dow")
        self.assertEqual(cy.ask("attachment.list"), [])
        self.assertRefused("file.unknown", "file", self.fetch, cy, file)

    def test_who_loses_the_row_loses_the_file(self):
        data = photo(50_000)
        file = self.attach(self.ann, data)
        self.ann.sync()
        self.company_.hq.sync()
        self.company_.hq.do("opportunity.assign", opportunity="D003", to="Cy Dow")
        self.company_.hq.sync()
        self.ann.sync()
        self.assertRefused("file.unknown", "file", self.fetch, self.ann, file)
        cy = self.company_.station("cy", "Cy Dow")
        self.assertEqual(self.fetch(cy, file), data)

    def test_headquarters_asks_the_row(self):
        """A station that was not told yet that it lost the row, or only knows the hash, is given nothing."""
        data = photo(50_000)
        file = self.attach(self.ann, data)
        self.ann.sync()
        (self.ann.home / "files" / file[:2] / file[2:]).unlink()
        self.assertEqual(self.fetch(self.ann, file), data)
        (self.ann.home / "files" / file[:2] / file[2:]).unlink()
        self.company_.hq.sync()
        self.company_.hq.do("opportunity.assign", opportunity="D003", to="Cy Dow")
        self.company_.hq.sync()
        self.assertEqual(len(self.ann.ask("attachment.list", opportunity="D003")), 1)
        self.assertRefused("file.absent", "file", self.fetch, self.ann, file)

    def test_handed_over_before_it_was_sent(self):
        """The photo of a record that left the author meanwhile still arrives."""
        data = photo(900_000)
        file = self.attach(self.ann, data)
        self.link.delay = 0.01
        process = self.ann.start("sync", "--json")
        wait_until(lambda: self.kept()["parts"] == 1, "the row is there, and a piece")
        self.link.cut()
        process.communicate(timeout=60)
        self.link.restore()
        self.link.delay = 0
        self.company_.hq.sync()
        self.company_.hq.do("opportunity.assign", opportunity="D003", to="Cy Dow")
        self.company_.hq.sync()
        self.ann.sync()
        self.assertEqual(self.kept()["kept"], 1)
        cy = self.company_.station("cy", "Cy Dow")
        self.assertEqual(self.fetch(cy, file), data)

    def test_the_same_bytes_of_two_people(self):
        """Who has the same photo sends all of it: no answer tells that it is there. It is kept once."""
        data = photo(600_000)
        file = self.attach(self.ann, data)
        self.ann.sync()
        cy = self.company_.station("cy", "Cy Dow")
        before = self.company_.links["cy"].bytes_up
        self.assertEqual(self.attach(cy, data, "--opportunity", "D010"), file)
        cy.sync()
        self.assertGreater(self.company_.links["cy"].bytes_up - before, len(data))
        self.assertEqual((self.kept()["kept"], self.kept()["kept_bytes"]), (1, len(data)))

    def test_only_who_added_it_removes_it(self):
        self.attach(self.ann, photo(1000), "--customer", "Northwind")
        self.ann.sync()
        bob = self.company_.station("bob", "Bob Lane")
        rows = bob.ask("attachment.list", customer="Northwind")
        if rows:
            self.assertRefused("attachment.not_own", "attachment", bob.do, "attachment.remove",
                               attachment=rows[0]["id"])
        row, = self.ann.ask("attachment.list", customer="Northwind")
        self.ann.do("attachment.remove", attachment=row["id"])
        self.assertEqual(self.ann.ask("attachment.list", customer="Northwind"), [])


class Room(Files):

    def test_quota(self):
        self.server.run("files", "--data", self.server.folder, "--person-limit", "1")
        small = self.attach(self.ann, photo(400_000, 8))
        self.attach(self.ann, photo(900_000, 9), name="large.jpg")
        self.ann.do("customer.edit", customer="Northwind", phone="555-8000")
        report = self.ann.sync()
        self.assertEqual((report["files_sent"], report["waiting"]), (1, 0))  # work goes on
        self.assertEqual([one["code"] for one in self.waiting(self.ann)["waiting"]], ["file.quota"])
        # Before its first piece: nothing is sent in vain.
        self.assertEqual((self.kept()["kept_bytes"], self.kept()["parts"]), (400_000, 0))
        # The others' room is their own.
        cy = self.company_.station("cy", "Cy Dow")
        self.attach(cy, photo(700_000, 10), "--opportunity", "D010")
        cy.sync()
        self.assertEqual(self.kept()["kept"], 2)
        self.server.run("files", "--data", self.server.folder, "--company-limit", "1", "--person-limit", "100")
        self.ann.clock = "+15m"  # what was refused is left alone for a while
        self.ann.sync()
        self.assertEqual([one["code"] for one in self.waiting(self.ann)["waiting"]], ["file.quota_company"])
        self.server.run("files", "--data", self.server.folder, "--company-limit", "100")
        self.ann.clock = "+30m"
        self.ann.sync()
        self.assertEqual(self.waiting(self.ann)["waiting_count"], 0)
        self.assertEqual(self.kept()["kept"], 3)
        self.assertEqual(len(self.fetch(self.ann, small)), 400_000)

    def test_what_nobody_names_goes(self):
        kept = self.attach(self.ann, photo(10_000, 11))
        gone = self.attach(self.ann, photo(10_000, 12), name="gone.jpg")
        self.ann.sync()
        row, = [row for row in self.ann.ask("attachment.list", opportunity="D003") if row["file"] == gone]
        self.ann.do("attachment.remove", attachment=row["id"])
        self.ann.sync()
        sweep = ("files", "--data", self.server.folder, "--sweep", "--json")
        figures = json.loads(self.server.run(*sweep))
        self.assertEqual((figures["kept"], figures["unnamed"], figures["removed"]), (2, 1, 0))
        figures = json.loads(self.server.run(*sweep, "--grace", "0"))
        self.assertEqual((figures["kept"], figures["removed"], figures["removed_bytes"]), (1, 1, 10_000))
        files = self.server.folder / "files"
        self.assertTrue((files / kept[:2] / kept[2:]).exists())
        self.assertFalse((files / gone[:2] / gone[2:]).exists())
        self.verify_files()
        self.assertRefused("file.unknown", "file", self.fetch, self.ann, gone)


    def test_what_nobody_goes_on_with_goes(self):
        self.attach(self.ann, photo(2 * MEGABYTE, 13))
        self.link.delay = 0.01
        process = self.ann.start("sync")
        wait_until(lambda: self.kept()["parts"] == 1, "it is on its way")
        self.link.cut()
        process.communicate(timeout=60)
        self.link.restore()
        self.link.delay = 0
        sweep = ("files", "--data", self.server.folder, "--sweep", "--json")
        self.assertEqual(json.loads(self.server.run(*sweep))["parts_dropped"], 0)
        part, = (self.server.folder / "files" / "part").iterdir()
        eight_days_ago = time.time() - 8 * 86400
        os.utime(part, (eight_days_ago, eight_days_ago))
        figures = json.loads(self.server.run(*sweep))
        self.assertEqual((figures["parts_dropped"], figures["parts"]), (1, 0))
        self.ann.sync()  # learns that headquarters has nothing of it
        self.ann.clock = "+2m"
        self.ann.sync()  # from the beginning
        self.assertEqual(self.kept()["kept"], 1)
        self.verify_files()


class Pages(Files):

    def setUp(self):
        super().setUp()
        self.page = pages.app(self, self.ann.home).page()
        self.page.open()

    def add(self, data, **headers):
        return self.page.post("files", data, **({"Content_Type": "application/octet-stream"} | headers))

    def assertCode(self, status, code, call, *arguments, **headers):
        with self.assertRaises(Refused) as caught:
            call(*arguments, **headers)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))

    def attach_page(self, data, name):
        added = self.add(data)
        self.page.post("do/attachment.add", {"customer": "Northwind", "name": name, **added})
        return added["file"]

    def test_photos(self):
        data = photo(150_000)
        file = self.attach_page(data, "门口.jpg")
        self.assertEqual(self.page.get("files")["waiting"][0]["file"], file)
        status, headers, body = self.page.request("GET", f"/api/files/{file}?name=%E9%97%A8.jpg")
        self.assertEqual((status, headers["Content-Type"], body), (200, "image/jpeg", data))
        self.assertEqual(headers["Content-Disposition"], "inline; filename*=UTF-8''%E9%97%A8.jpg")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("sandbox", " ".join(headers.get_all("Content-Security-Policy")))
        self.page.post("sync")
        wait_until(lambda: self.page.get("files")["waiting_count"] == 0, "it is sent")

    def test_nothing_runs(self):
        """What is no picture is never shown, whatever the record says that it is."""
        for data in (b"<html><script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"):
            file = self.attach_page(data, "photo.jpg")
            status, headers, body = self.page.request("GET", f"/api/files/{file}?name=x%0d%0aX:1\"")
            self.assertEqual((status, body), (200, data))
            self.assertEqual(headers["Content-Type"], "application/octet-stream")
            self.assertTrue(headers["Content-Disposition"].startswith("attachment"))
            self.assertIsNone(headers["X"])

    def test_tricks(self):
        for path in ("../device.key", "..%2f..%2fdevice.key", "ab", "ab/../../device.key", "AB" * 33, "%00" * 64):
            with self.subTest(path=path):
                status, _, body = self.page.request("GET", "/api/files/" + path)
                self.assertIn(status, (400, 404))
                self.assertNotIn(b"satchel-device-key", body)
        self.assertCode(404, "file.unknown", self.page.get, "files/" + "ab" * 32)
        self.assertCode(415, "request.type", self.add, b"x", Content_Type="text/plain")
        self.assertCode(415, "request.type", self.add, b"x", Content_Type="multipart/form-data; boundary=x")
        self.assertCode(413, "file.size", self.add, b"")
        self.assertCode(403, "session.token", self.add, b"x", X_Satchel_Token="no")
        self.assertCode(403, "session.origin", self.add, b"x", Origin="http://evil.example")
        # Bytes that no row names yet are nobody's.
        lonely = self.add(b"lonely")["file"]
        self.assertCode(404, "file.unknown", self.page.get, "files/" + lonely)


if __name__ == "__main__":
    unittest.main()
