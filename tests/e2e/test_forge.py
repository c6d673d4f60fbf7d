"""A salesperson's own station, with its own keys, turns hostile (tests/forge)."""

import subprocess
import unittest

import support


class Forge(support.TestCase):

    def test_every_attack_is_answered_as_it_should_be(self):
        company = self.company()
        deals = company.hq.ask("opportunity.list", limit=1000)
        foreign = next(deal for deal in deals if deal["owner"] == "Cy Dow")
        customers = company.hq.ask("customer.list", limit=1000)
        westfield = next(row for row in customers if row["name"] == "Westfield")
        cy = company.station("cy", "Cy Dow")
        secret = company.folder / "secret.jpg"
        secret.write_bytes(b"what nobody else may see")
        file = cy.json("attach", str(secret), "--opportunity", foreign["id"])["file"]
        self.assertEqual(cy.sync()["files_sent"], 1)
        ran = subprocess.run(
            [support.BIN / "satchel-forge", f"invitation={company.server.invite('Ann Reed')}",
             f"foreign_opportunity={foreign['id']}", f"foreign_customer={westfield['id']}",
             f"foreign_file={file}"],
            capture_output=True, text=True, timeout=240, check=False)
        wrong = [line for line in ran.stdout.splitlines() if "<- expected" in line]
        self.assertEqual(wrong, [])
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertGreater(len(ran.stdout.splitlines()), 85)
        # The server is none the worse for it: it serves others, and its journal stands.
        bob = company.station("bob", "Bob Lane")
        bob.verify()
        company.server.stop()
        company.server.verify()


if __name__ == "__main__":
    unittest.main()
