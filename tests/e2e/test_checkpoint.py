"""A checkpoint stands for what was before it: proofs begin there, and older bundles go to an archive."""

import re
import shutil
import sqlite3
import unittest

import support


class Checkpoint(support.TestCase):
    def set_up(self):
        self.company_ = self.company()
        self.ann = self.company_.station("ann", "Ann Reed")
        self.work(0, 5)
        return self.company_.server

    def run_server(self, company):
        return super().run_server(company)

    def say(self, *words):
        return self.company_.server.run(*words, "--data", self.company_.server.folder)

    def refused(self, code, *words):
        with self.assertRaises(support.Failure) as caught:
            self.say(*words)
        self.assertIn(f"({code}", caught.exception.errors)

    def work(self, first, last):
        for number in range(first, last):
            self.ann.do("customer.register", name=f"Customer {number}")
            self.ann.sync()

    def tamper(self, path, sql):
        with sqlite3.connect(path) as db:
            db.execute(sql)

    def test_a_proof_begins_there(self):
        server = self.set_up()
        self.refused("checkpoint.missing", "verify", "--checkpoint")
        self.say("checkpoint")
        self.work(5, 8)
        said = self.say("verify", "--checkpoint")
        self.assertIn("from the checkpoint", said)
        self.assertLess(int(re.search(r"replaying (\d+)", said)[1]), 10)
        self.assertRegex(said, r"\d+ entries a second")
        self.assertNotIn("from the checkpoint", self.say("verify"))
        self.say("checkpoint")  # another one, which stands for the first too
        self.work(8, 9)
        self.say("verify", "--checkpoint")
        server.stop()
        state = server.folder / "checkpoint.db"
        good = state.read_bytes()
        self.tamper(state, "update customer set name = 'Acne' where name = 'Customer 1'")
        self.refused("checkpoint.differs", "verify", "--checkpoint")
        state.write_bytes(good)
        self.tamper(server.folder / "master.db", "update customer set name = 'Acne' where name = 'Customer 1'")
        self.refused("verify.differs", "verify", "--checkpoint")

    def test_older_bundles_go_to_an_archive(self):
        server = self.set_up()
        archive = self.company_.folder / "archive"
        self.refused("checkpoint.missing", "archive", "--to", archive)
        copy = self.company_.folder / "ann-before"
        shutil.copytree(self.ann.home, copy)
        self.say("checkpoint")
        server.stop()
        other = self.company_.folder / "other"
        shutil.copytree(server.folder, other)
        server.start()
        self.work(5, 8)
        said = self.say("archive", "--to", archive)
        self.assertGreater(int(said.split()[0]), 4)
        self.assertEqual(int(self.say("archive", "--to", archive).split()[0]), 0)
        with sqlite3.connect(f"file:{server.folder / 'master.db'}?mode=ro", uri=True) as db:
            self.assertEqual(db.execute("select count(*) from journal where kind = 2 and content = x''"
                                        ).fetchone()[0], int(said.split()[0]))
        self.check_what_is_not_in_it_stays(other, archive)
        self.assertIn("from the checkpoint", self.say("verify"))
        self.assertNotIn("from the checkpoint", self.say("verify", "--archive", archive))
        # a known bundle is answered as it was: a station that was put back sends it again
        with sqlite3.connect(copy / "replica.db") as db:
            db.execute("update station_bundle set answered_at = null")
        again = support.Station(copy, link=self.ann.link)
        self.assertEqual(again.json("sync")["bundles_sent"], 5)
        self.say("checkpoint")
        self.say("archive", "--to", archive)
        self.say("verify", "--archive", archive)
        path, = archive.glob("journal-*.log")
        data = path.read_bytes()
        path.write_bytes(data[:-10])
        self.refused("archive.differs", "verify", "--archive", archive)
        self.refused("follow.archived", "backup", "--follow", self.follow_an_old_copy(server))
        self.work(8, 9)
        self.company_.settle(self.ann)
        self.say("verify")

    def check_what_is_not_in_it_stays(self, other, archive):
        """One bundle of the other master is not the one in the archive."""
        one = "select min(entry) from journal where kind = 2"
        self.tamper(other / "master.db", f"update journal set content = zeroblob(length(content)) where entry = ({one})")
        self.company_.server.run("archive", "--data", other, "--to", archive)
        with sqlite3.connect(other / "master.db") as db:
            self.assertGreater(db.execute("select count(*) from journal_archived").fetchone()[0], 3)
            self.assertEqual(db.execute(f"select content <> x'' from journal where entry = ({one})").fetchone(),
                             (1,))

    def follow_an_old_copy(self, server):
        """A second disk that stopped following before the archive was made."""
        disk = self.company_.folder / "disk"
        server.run("backup", "--data", server.folder, "--follow", disk, "--once")
        with sqlite3.connect(disk / "base" / "master.db") as db:
            db.execute("delete from journal where entry > 3")
        return disk


if __name__ == "__main__":
    unittest.main()
