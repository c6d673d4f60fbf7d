"""What headquarters does with its stations: many invitations, lists, taking trust back."""

import json
import unittest

import support


class Admin(support.TestCase):
    def devices(self, company):
        return {row["name"]: row for row in json.loads(
            company.server.run("devices", "--data", company.server.folder, "--json"))}

    def invitations(self, company):
        return json.loads(company.server.run("invitations", "--data", company.server.folder, "--json"))

    def refused(self, company, code, *words):
        with self.assertRaises(support.Failure) as caught:
            company.server.run(*words, "--data", company.server.folder)
        self.assertIn(f"({code}", str(caught.exception))


class Invitations(Admin):
    def test_a_line_for_everybody(self):
        company = self.company()
        lines = company.server.run("invite", "--data", company.server.folder, "--all",
                                   "--role", "rep").splitlines()
        people = dict(line.split("\t") for line in lines)
        self.assertEqual(set(people), {"Ann Reed", "Bob Lane", "Cy Dow", "Eve Idle"})
        ann = support.Station(company.folder / "ann")
        ann.enrol(people["Ann Reed"])
        ann.sync()
        self.assertEqual([row["name"] for row in ann.status()["actors"]], ["Ann Reed"])
        everybody = company.server.run("invite", "--data", company.server.folder, "--all")
        self.assertGreater(len(everybody.splitlines()), len(lines))
        self.refused(company, "role.unknown", "invite", "--all", "--role", "king")
        company.server.verify()

    def test_used_twice(self):
        company = self.company()
        invitation = company.server.invite("Ann Reed")
        support.Station(company.folder / "ann").enrol(invitation)
        self.assertRefused("invitation.used", None, support.Station(company.folder / "other").enrol,
                           invitation)
        used = self.invitations(company)[0]
        self.assertEqual(used["name"], "Ann Reed")
        self.assertGreaterEqual(used["used_at"], used["created_at"])
        self.refused(company, "invitation.used", "revoke", "--invitation", used["id"])

    def test_taken_back(self):
        company = self.company()
        invitation = company.server.invite("Ann Reed")
        row = self.invitations(company)[0]
        self.assertIsNone(row["used_at"])
        self.assertIsNone(row["revoked_at"])
        self.refused(company, "invitation.unknown", "revoke", "--invitation", "ffff0000ffff0000")
        self.refused(company, "invitation.unknown", "revoke", "--invitation", row["id"][:3])
        for _ in range(2):  # once more does nothing
            company.server.run("revoke", "--data", company.server.folder, "--invitation", row["id"])
        self.assertGreaterEqual(self.invitations(company)[0]["revoked_at"], row["created_at"])
        self.assertRefused("invitation.revoked", None, support.Station(company.folder / "ann").enrol,
                           invitation)
        company.server.verify()


class Devices(Admin):
    def test_who_is_there_and_how_far(self):
        company = self.company()
        ann = company.station("ann", "Ann Reed")
        bob = company.station("bob", "Bob Lane")
        for number in range(3):
            bob.do("customer.register", name=f"New {number}")
        bob.sync()
        ann.do("customer.register", name="Not sent")
        company.server.stop()  # writes down who was there
        rows = self.devices(company)
        self.assertEqual(set(rows), {"hq", "ann", "bob"})
        self.assertEqual([person["name"] for person in rows["ann"]["people"]], ["Ann Reed"])
        self.assertEqual((rows["bob"]["waiting"], rows["bob"]["behind"]), (0, 0))
        # the three, and that Bob enrolled
        self.assertEqual((rows["ann"]["waiting"], rows["ann"]["behind"]), (0, 4))
        self.assertGreaterEqual(rows["ann"]["last_seen_at"], rows["ann"]["enrolled_at"])
        self.assertIsNone(rows["ann"]["revoked_at"])
        table = company.server.run("devices", "--data", company.server.folder)
        self.assertIn("Ann Reed (ann)", table)
        company.server.verify()

    def test_one_that_never_came_back(self):
        company = self.company()
        company.station("ann", "Ann Reed", sync=False)
        row = self.devices(company)["ann"]
        self.assertIsNone(row["last_seen_at"])
        self.assertIsNone(row["waiting"])

    def test_a_lost_station_is_shut_out(self):
        company = self.company()
        ann = company.station("ann", "Ann Reed")
        bob = company.station("bob", "Bob Lane")
        ann.do("customer.register", name="From a thief")
        self.refused(company, "device.unknown", "revoke", "--device", "ZZ")
        code = self.devices(company)["ann"]["code"]
        for _ in range(2):
            company.server.run("revoke", "--data", company.server.folder, "--device", code.lower(),
                               "--reason", "left in a taxi")
        failure = self.assertRefused("device.revoked", None, ann.sync)
        self.assertIn("revoked", failure.message)
        self.assertIn("device.revoked", ann.status()["last_error"])
        self.assertEqual(ann.status()["waiting"], 1)  # kept, not lost
        bob.sync()
        company.hq.sync()
        self.assertEqual(company.hq.ask("customer.list", text="From a thief"), [])
        self.assertIsNotNone(self.devices(company)["ann"]["revoked_at"])
        company.server.stop()
        company.server.verify()
        company.server.start()
        self.assertRefused("device.revoked", None, ann.sync)


if __name__ == "__main__":
    unittest.main()
