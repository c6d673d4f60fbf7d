"""`satcheld backup --follow`: the journal on a second disk, and headquarters made from it again."""

import shutil
import signal
import subprocess
import unittest

import support


class SecondDisk(support.TestCase):
    def set_up(self):
        self.company_ = self.company()
        self.disk = self.company_.folder / "disk"
        self.ann = self.company_.station("ann", "Ann Reed")
        return self.company_.server

    def follow(self, *options):
        process = subprocess.Popen(
            [support.BIN / "satcheld", "backup", "--data", self.company_.server.folder, "--follow", self.disk,
             *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def once(self):
        return self.company_.server.run("backup", "--data", self.company_.server.folder, "--follow", self.disk,
                                        "--once")

    def refused(self, code, *words):
        with self.assertRaises(support.Failure) as caught:
            self.company_.server.run(*words)
        self.assertIn(f"({code}", caught.exception.errors)

    def work(self, first, last):
        for number in range(first, last):
            self.ann.do("customer.register", name=f"Customer {number}")
        self.ann.sync()

    def files(self):
        return sorted(self.disk.glob("journal-*.log"))

    def size(self):
        return sum(path.stat().st_size for path in self.files())

    def lose_the_disk(self):
        server = self.company_.server
        server.kill()
        shutil.rmtree(server.folder)
        said = server.run("restore", "--from", self.disk, "--data", server.folder)
        server.start()
        return said

    def names(self, station):
        return {row["name"] for row in station.ask("customer.list", text="Customer", limit=1000)}

    def test_all_that_was_followed_is_there_again(self):
        server = self.set_up()
        process = self.follow()
        self.assertIn("following", process.stdout.readline())
        self.refused("follow.running", "backup", "--data", server.folder, "--follow", self.disk, "--once")
        size = self.size()
        self.work(0, 5)
        support.wait_until(lambda: self.size() > size, "the stream grows")
        size = self.size()
        self.work(5, 10)
        support.wait_until(lambda: self.size() > size, "the stream grows on")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        said = self.lose_the_disk()
        self.assertRegex(said, r"[1-9]\d* entries were replayed")
        server.verify()
        before = self.ann.status()["cursor"]
        report = self.ann.sync()  # nothing was lost: nothing has to be sent or fetched again
        self.assertEqual((report["bundles_sent"], report["rows_received"]), (0, 0), report)
        self.assertGreater(self.ann.status()["cursor"], before)
        self.company_.hq.sync()
        self.assertEqual(self.names(self.company_.hq), {f"Customer {number}" for number in range(10)})
        server.verify()
        self.refused("restore.exists", "restore", "--from", self.disk, "--data", server.folder)
        self.refused("follow.history", "backup", "--data", server.folder, "--follow", self.make_other(), "--once")

    def make_other(self):
        """What followed another company."""
        other = support.Server(self.company_.folder / "other")
        other.init("Other")
        folder = self.company_.folder / "other-disk"
        other.run("backup", "--data", other.folder, "--follow", folder, "--once")
        return folder

    def test_what_was_not_followed_comes_from_the_stations(self):
        self.set_up()
        self.once()
        self.work(0, 3)
        self.once()
        self.work(3, 6)
        self.lose_the_disk()
        self.assertEqual(self.names(self.company_.hq), set())
        self.ann.sync()
        self.company_.settle(self.ann)
        self.assertEqual(self.names(self.company_.hq), {f"Customer {number}" for number in range(6)})
        self.company_.server.verify()

    def rotate_server(self):
        server = self.company_.server
        server.stop()
        server.run("rotate-key", "--data", server.folder)
        server.start()

    def test_the_servers_key_is_replaced_meanwhile(self):
        server = self.set_up()
        process = self.follow()
        self.assertIn("following", process.stdout.readline())
        self.work(0, 2)
        self.rotate_server()
        bob = self.company_.station("bob", "Bob Lane")  # has never heard of the first key
        self.rotate_server()
        size = self.size()
        bob.sync()
        bob.do("customer.register", name="Customer 2")
        bob.sync()
        support.wait_until(lambda: self.size() > size, "the stream grows")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        self.lose_the_disk()
        for station in (self.ann, bob):  # who still trusts the first key, and who the last
            station.sync()
        self.company_.settle(self.ann, bob)
        self.assertEqual(self.names(self.company_.hq), {f"Customer {number}" for number in range(3)})
        self.rotate_server()
        self.company_.settle(self.ann, bob)
        server.verify()

    def test_a_copy_of_before_the_key_was_replaced(self):
        """The keys are there already, the entry that tells of the last one is not."""
        server = self.set_up()
        self.once()
        self.work(0, 2)
        self.rotate_server()
        kept = {name: (server.folder / name).read_bytes() for name in ("server.key", "server.keys.old")}
        for name, content in kept.items():
            (self.disk / "base" / name).write_bytes(content)
        self.lose_the_disk()
        self.ann.sync()
        self.company_.settle(self.ann)
        self.assertEqual(self.names(self.company_.hq), {f"Customer {number}" for number in range(2)})
        server.verify()

    def test_photos_are_followed_too(self):
        server = self.set_up()
        photos = {name: name.encode() * 50000 for name in ("before", "while", "unsent")}

        def attach(name):
            path = self.company_.folder / f"{name}.jpg"
            path.write_bytes(b"\xff\xd8\xff\xe0" + photos[name])
            return self.ann.json("attach", str(path), "--opportunity", "D003")["file"]

        def kept():
            return {path.parent.name + path.name for path in (self.disk / "base" / "files").glob("??/*")}

        files = {"before": attach("before")}
        self.ann.sync()
        process = self.follow()
        self.assertIn("following", process.stdout.readline())
        support.wait_until(lambda: len(kept()) == 1, "the first photo is there")
        files["while"] = attach("while")
        self.ann.sync()
        support.wait_until(lambda: len(kept()) == 2, "the second photo is there")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        files["unsent"] = attach("unsent")
        self.lose_the_disk()
        self.company_.hq.sync()
        for name in ("before", "while"):  # the station that took them has not come yet
            path = self.company_.folder / f"got-{name}"
            self.company_.hq.run("file", "get", files[name], str(path))
            self.assertEqual(path.read_bytes()[4:], photos[name])
        self.ann.sync()
        self.company_.hq.sync()
        self.company_.hq.run("file", "get", files["unsent"], str(self.company_.folder / "got"))
        said = server.run("verify", "--data", server.folder, "--files")
        self.assertIn("3 files", said)

    def test_a_torn_end_is_cut_and_written_again(self):
        server = self.set_up()
        self.once()
        self.work(0, 3)
        self.once()
        whole = self.size()
        with open(self.files()[-1], "ab") as file:
            file.write(self.files()[-1].read_bytes()[:100])
        self.work(3, 6)
        self.once()
        self.assertGreater(self.size(), whole)
        with open(self.files()[-1], "r+b") as file:
            file.truncate(self.size() - 7)
        said = self.lose_the_disk()
        self.assertIn("cut off", said)
        self.ann.sync()
        self.company_.settle(self.ann)
        self.assertEqual(self.names(self.company_.hq), {f"Customer {number}" for number in range(6)})
        server.verify()

    def test_damage_and_gaps_are_refused(self):
        server = self.set_up()
        self.once()
        self.work(0, 3)
        self.work(3, 6)
        self.once()
        new = self.company_.folder / "new"
        path, = self.files()
        good = path.read_bytes()
        with open(path, "r+b") as file:  # another first record, as if one before it were missing
            size = 24 + int.from_bytes(good[4:8], "little")
            file.write(good[size:])
            file.truncate(len(good) - size)
        self.refused("journal.gap", "restore", "--from", self.disk, "--data", new)
        self.assertFalse(new.exists())
        path.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
        (self.disk / "journal-000000999999.log").write_bytes(good[:size])
        self.refused("stream.damaged", "restore", "--from", self.disk, "--data", new)
        self.assertFalse(new.exists())
        self.refused("restore.empty", "restore", "--from", self.company_.folder, "--data", new)
        server.verify()


class Refill(support.TestCase):
    def test_what_nobody_brings_is_refused_when_the_refill_ends(self):
        company = self.company()
        ann, mia = company.station("ann", "Ann Reed"), company.station("mia", "Mia Stone")
        run = company.server.run
        run("backup", "--data", company.server.folder, "--to", company.folder / "backup")
        self.assertIn("no refill", run("refill", "--data", company.server.folder))
        ann.do("customer.register", name="Lost for good")
        ann.sync()
        mia.sync()
        mia.do("customer.edit", customer="Lost for good", phone="1")
        mia.sync()
        company.server.kill()
        shutil.rmtree(company.server.folder)
        shutil.copytree(company.folder / "backup", company.server.folder)
        company.server.start()
        mia.sync()
        mia.sync()
        self.assertEqual((mia.status()["waiting"], mia.status()["refused"]), (1, 0))
        self.assertIn("1 transactions wait", run("refill", "--data", company.server.folder))
        run("checkpoint", "--data", company.server.folder)
        with self.assertRaises(support.Failure) as caught:
            run("archive", "--data", company.server.folder, "--to", company.folder / "archive")
        self.assertIn("(archive.refill", caught.exception.errors)
        self.assertIn("1 refused", run("refill", "--data", company.server.folder, "--end"))
        mia.sync()
        self.assertEqual((mia.status()["waiting"], mia.status()["refused"]), (0, 1))
        self.assertEqual([row["code"] for row in mia.inbox()["refusals"]], ["row.missing"])
        company.server.verify()


if __name__ == "__main__":
    unittest.main()
