"""What pages ask for: lists and their counts, briefs, planned visits, hand-overs in bulk."""

import datetime
import json
import unittest

import support

ANNA, DARCEL, DUSTIN, MELVIN = "Anna Snelling", "Darcel Schlecht", "Dustin Brinkmann", "Melvin Marxen"
PRODUCT = "GTX Pro"
FILTERS = [
    {}, {"state": "open"}, {"state": "won"}, {"stage": "engaging"}, {"owner": ANNA}, {"manager": DUSTIN},
    {"manager": DUSTIN, "state": "won"}, {"customer": "Isdom"}, {"product": PRODUCT, "state": "lost"},
    {"lost_reason": "unknown"}, {"lost_reason": "price"}, {"opened_from": "2017-03-01", "opened_to": "2017-03-31"},
    {"closed_from": "2017-07-01", "closed_to": "2017-09-30", "state": "won"}, {"month": "2017-06", "state": "won"},
    {"month": "2017-06"}, {"text": "isdom"}, {"overdue": True}, {"source": "import"}, {"source": "referral"},
    {"branch": "Central", "state": "open"}, {"member": ANNA}, {"forecast": "pipeline", "state": "open"},
]


def brief(station, **values):
    return {row["metric"]: row for row in station.ask("result.brief", **values)}


class Lists(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = support.TestCase()
        cls.hq = cls.holder.company(full=True).hq

    @classmethod
    def tearDownClass(cls):
        cls.holder.doCleanups()

    def test_counts_agree_with_lists(self):
        sizes = set()
        for values in FILTERS:
            with self.subTest(values):
                rows = self.hq.ask("opportunity.list", limit=1000000, **values)
                count = self.hq.ask("opportunity.count", **values)[0]
                self.assertEqual(count["count"], len(rows))
                self.assertEqual(count["amount_minor"], sum(row["amount_minor"] for row in rows))
                self.assertEqual(count["currency"], "USD")
                sizes.add(len(rows))
        self.assertGreater(len(sizes), 14, sizes)

    def test_a_month_of_a_chart_drills_down(self):
        for row in self.hq.ask("opportunity.by_month"):
            with self.subTest(row["month"]):
                count = self.hq.ask("opportunity.count", month=row["month"], state="won")[0]
                self.assertEqual((count["count"], count["amount_minor"]), (row["won"], row["won_amount_minor"]))

    def test_a_manager_of_a_chart_drills_down(self):
        rows = self.hq.ask("opportunity.won_by_month_and_manager")
        whole = {row["manager"]: row for row in self.hq.ask("opportunity.won_by_manager")}
        self.assertEqual(len(whole), 6)
        for name, total in whole.items():
            self.assertEqual(sum(row["won_amount_minor"] for row in rows if row["manager"] == name),
                             total["won_amount_minor"])
            count = self.hq.ask("opportunity.count", manager=name, state="won")[0]
            self.assertEqual(count["count"], total["won"])

    def test_orders(self):
        def column(name, **values):
            return [row[name] for row in self.hq.ask("opportunity.list", limit=50, **values)]
        amounts = column("amount_minor", order="amount")
        self.assertEqual(amounts, sorted(amounts, reverse=True))
        self.assertEqual(amounts[0], max(column("amount_minor", state="won", order="amount")))
        closed = column("closed_on", order="close_on", state="won")
        self.assertEqual(closed, sorted(closed))
        names = [name.lower() for name in column("name", order="name")]
        self.assertEqual(names, sorted(names))
        opened = column("opened_on", state="won")
        self.assertEqual(opened, sorted(opened, reverse=True))
        pages = [column("id", order="amount", state="won", offset=offset) for offset in (0, 50)]
        self.assertEqual(pages[0] + pages[1],
                         [row["id"] for row in self.hq.ask("opportunity.list", limit=100, state="won", order="amount")])

    def test_customers_are_counted_as_they_are_listed(self):
        for values in ({}, {"owner": ANNA}, {"manager": DUSTIN}, {"industry": "retail"}, {"text": "co"}, {"pool": True},
                       {"registered_from": "2000-01-01"}, {"kind": "person"}):
            with self.subTest(values):
                rows = self.hq.ask("customer.list", limit=100000, **values)
                self.assertEqual(self.hq.ask("customer.count", **values), [{"count": len(rows)}])
        self.assertEqual(self.hq.ask("customer.count")[0]["count"], 85)

    def test_rows_lead_on(self):
        deal = self.hq.ask("opportunity.list", state="open", customer="Isdom", limit=1)[0]
        self.assertEqual(self.hq.ask("customer.show", customer=deal["customer_id"])[0]["name"], "Isdom")
        self.assertEqual(self.hq.ask("person.show", person=deal["owner_id"])[0]["name"], deal["owner"])
        customer = self.hq.ask("customer.list", text="Isdom")[0]
        self.assertEqual(customer["open_opportunities"],
                         self.hq.ask("opportunity.count", customer="Isdom", state="open")[0]["count"])

    def test_a_brief_of_a_quarter(self):
        rows = brief(self.hq, period="quarter", of="2017-08-15", company=True)
        won = {key: self.hq.ask("opportunity.win_rate", **{"from": a, "to": b})[0]
               for key, a, b in (("now", "2017-07-01", "2017-09-30"), ("before", "2017-04-01", "2017-06-30"))}
        self.assertEqual(rows["won"]["value"], won["now"]["won"])
        self.assertEqual(rows["won"]["previous"], won["before"]["won"])
        self.assertEqual(rows["lost"]["value"], won["now"]["lost"])
        self.assertEqual(rows["win_rate"]["value_bp"], won["now"]["win_rate_bp"])
        self.assertEqual(rows["won_amount"]["value_minor"], won["now"]["won_amount_minor"])
        self.assertEqual(rows["won_amount"]["change_bp"],
                         round((won["now"]["won_amount_minor"] / won["before"]["won_amount_minor"] - 1) * 10000))
        self.assertEqual(rows["won"]["previous_year"], 0)
        self.assertIsNone(rows["won"]["change_year_bp"])
        self.assertEqual((rows["won"]["from_on"], rows["won"]["to_on"]), ("2017-07-01", "2017-09-30"))
        open_count = self.hq.ask("opportunity.count", state="open")[0]
        self.assertEqual(rows["open"]["value"], open_count["count"])
        self.assertEqual(rows["open_amount"]["value_minor"], open_count["amount_minor"])
        self.assertEqual(rows["weighted_amount"]["value_minor"], open_count["weighted_minor"])

    def test_briefs_of_one_and_of_a_team(self):
        year = {"period": "year", "of": "2017-06-01"}
        team = brief(self.hq, manager=DUSTIN, **year)["won"]["value"]
        each = sum(brief(self.hq, person=row["id"], **year)["won"]["value"]
                   for row in self.hq.ask("person.list", manager=DUSTIN))
        self.assertEqual(team, each)
        self.assertEqual(brief(self.hq, person=ANNA, **year)["won"]["value"],
                         self.hq.ask("opportunity.count", owner=ANNA, state="won", closed_to="2017-12-31")[0]["count"])
        for period, first, last in (("week", "2017-05-29", "2017-06-04"), ("month", "2017-06-01", "2017-06-30"),
                                    ("year", "2017-01-01", "2017-12-31")):
            row = brief(self.hq, period=period, of="2017-06-01")["won"]
            self.assertEqual((row["from_on"], row["to_on"]), (first, last))

    def test_devices(self):
        rows = self.hq.ask("device.list")
        self.assertTrue(rows)
        self.assertTrue(all(row["code"] and row["enrolled_at"] for row in rows))
        self.assertEqual(self.hq.ask("device.list", text="no such station"), [])


class FollowUp(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = support.TestCase()
        cls.hq = cls.holder.company().hq

    @classmethod
    def tearDownClass(cls):
        cls.holder.doCleanups()

    def at(self, days):
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
        return int(moment.timestamp() * 1000)

    def visits(self, **values):
        return [row for row in self.hq.ask("followup.visits", **values) if row["customer"] in ("Northwind", "Southgate")]

    def test_visits_are_planned(self):
        hq = self.hq
        for days, kind in ((-2, "visit"), (1, "visit"), (30, "visit"), (1, "call")):
            hq.do("reminder.set", title=f"{kind} {days}", due_at=self.at(days), customer="Northwind", kind=kind)
        hq.do("task.add", title="task visit", due_at=self.at(2), customer="Southgate", kind="visit")
        hq.do("customer.set_position", customer="Northwind", latitude_e6=39908700, longitude_e6=116397500, line="Gate 1")
        rows = self.visits()
        self.assertEqual([(row["title"], row["kind"]) for row in rows],
                         [("visit -2", "reminder"), ("visit 1", "reminder"), ("task visit", "task")])
        self.assertEqual([row["is_overdue"] for row in rows], [1, 0, 0])
        self.assertEqual((rows[0]["latitude_e6"], rows[0]["longitude_e6"], rows[0]["address"]),
                         (39908700, 116397500, "Gate 1"))
        self.assertIsNone(rows[2]["latitude_e6"])
        self.assertEqual(len(self.visits(days=60)), 4)
        hq.do("reminder.done", reminder=rows[0]["id"])
        self.assertEqual(len(self.visits()), 2)
        with self.assertRaises(support.Failure) as raised:
            hq.do("reminder.set", title="x", due_at=self.at(1), kind="walk")
        self.assertEqual((raised.exception.code, raised.exception.field), ("list.unknown", "kind"))

    def test_a_position_is_that_of_the_visited_address(self):
        hq = self.hq
        hq.do("customer.add_address", customer="Westfield", kind="bill", line="Tower 9")
        hq.do("customer.add_address", customer="Westfield", kind="visit", line="Yard 2")
        hq.do("customer.set_position", customer="Westfield", latitude_e6=1, longitude_e6=2)
        card = hq.ask("customer.show", customer="Westfield")[0]
        self.assertEqual((card["latitude_e6"], card["longitude_e6"], card["visit_address"]), (1, 2, "Yard 2"))
        self.assertEqual(len(hq.ask("customer.addresses", customer="Westfield")), 2)
        hq.do("customer.set_position", customer="Westfield", latitude_e6=3, longitude_e6=4)
        self.assertEqual(hq.ask("customer.show", customer="Westfield")[0]["latitude_e6"], 3)

    def test_a_visit_is_logged_with_its_position(self):
        made = self.hq.do("interaction.log", customer="Eastbank", kind="visit", latitude_e6=5, longitude_e6=6,
                          accuracy_m=20, next_at=self.at(3), next_kind="visit")
        row = next(row for row in self.hq.ask("interaction.list", customer="Eastbank", kind="visit")
                   if row["id"] == made["id"])
        self.assertEqual((row["latitude_e6"], row["longitude_e6"], row["accuracy_m"]), (5, 6, 20))
        self.assertIn("Eastbank", [row["customer"] for row in self.hq.ask("followup.visits")])

    def test_snoozing(self):
        hq = self.hq
        made = hq.do("reminder.set", title="Snooze me", due_at=self.at(0))
        now = self.at(0)
        for preset, low, high in (("hour", 0.9, 1.1), ("evening", 0, 24), ("tomorrow", 0, 48), ("next_week", 0, 192)):
            with self.subTest(preset):
                rings = hq.do("reminder.snooze", reminder=made["id"], preset=preset)["rings_at"]
                self.assertGreaterEqual(rings, now + low * 3600000 - 1000)
                self.assertLessEqual(rings, now + high * 3600000 + 60000)
        when = datetime.datetime.fromtimestamp(rings / 1000, datetime.timezone.utc) + datetime.timedelta(hours=8)
        self.assertEqual((when.weekday(), when.hour, when.minute), (0, 9, 0))

    def agenda(self, title, **values):
        return [row for row in self.hq.ask("followup.agenda", **values) if row["title"] == title]

    def test_done_and_back(self):
        hq = self.hq
        reminder = hq.do("reminder.set", title="Undo me", due_at=self.at(0) - 60000)
        self.assertEqual([row["part"] for row in self.agenda("Undo me")], ["overdue"])
        self.assertRefused("reminder.open", "reminder", hq.do, "reminder.reopen", reminder=reminder["id"])
        hq.do("reminder.done", reminder=reminder["id"])
        self.assertEqual(self.agenda("Undo me"), [])
        hq.do("reminder.reopen", reminder=reminder["id"])
        self.assertEqual(len(self.agenda("Undo me")), 1)

    def test_a_repeating_task_done_and_back(self):
        hq = self.hq
        due = self.at(0) + 3600000
        task = hq.do("task.add", title="Weekly", due_at=due, repeat_days=7)
        done = hq.do("task.done", task=task["id"])
        self.assertEqual(done["next_at"], due + 7 * 86400000)
        hq.sync()
        again = hq.do("task.reopen", task=task["id"], next=done["next_id"])
        self.assertEqual([row["due_at"] for row in self.agenda("Weekly", days=30)], [due])
        hq.sync()
        self.assertEqual([row["id"] for row in self.agenda("Weekly", days=30)], [again["id"]])

    def test_a_task_rests(self):
        hq = self.hq
        task = hq.do("task.add", title="Rest", due_at=self.at(0) - 60000)
        until = self.at(0) + 2 * 86400000
        hq.do("task.snooze", task=task["id"], until=until)
        row = self.agenda("Rest")[0]
        self.assertEqual((row["part"], row["planned_at"], row["due_at"]), ("later", until, task["due_at"]))
        self.assertNotIn("Rest", [one["title"] for one in hq.ask("reminder.due")])
        hq.do("task.done", task=task["id"])
        self.assertRefused("task.done", "task", hq.do, "task.snooze", task=task["id"], until=until)

    def test_search_as_people_type(self):
        hq = self.hq
        made = hq.do("customer.register", name="李明朗贸易有限公司", code="L-77", phone="+86 139-0000-4321", contact_name="曾晓")
        hq.do("opportunity.register", name="机房改造", customer=made["id"], amount=100)
        for text in ("lml", "limingl", "li ming lang", "明朗", "朗", "my", "4321", "l-77"):
            with self.subTest(text):
                self.assertEqual([row["id"] for row in hq.ask("customer.list", text=text)], [made["id"]])
                self.assertEqual(hq.ask("customer.count", text=text), [{"count": 1}])
        for query, text in (("contact.list", "zengx"), ("opportunity.list", "jfgz"), ("opportunity.list", "lml"),
                            ("product.list", "alpha2"), ("person.list", "lane")):
            with self.subTest(query=query, text=text):
                self.assertEqual(len(hq.ask(query, text=text)), 1)
        self.assertEqual(hq.ask("customer.list", text="mll"), [])

    def test_quick_forms(self):
        hq = self.hq
        made = hq.do("opportunity.register", name="Quick", customer_name="Brand new", amount="12.50",
                     expected_close_on="2030-01-31")
        self.assertEqual((made["customer"], made["amount_minor"]), ("Brand new", 1250))
        self.assertTrue(hq.do("customer.register", name="Quick customer", phone="13900002222")["id"])
        self.assertTrue(hq.do("interaction.log", opportunity=made["id"])["id"])
        self.assertTrue(hq.do("task.add", title="Only a title")["id"])


class HandOver(support.TestCase):
    def setUp(self):
        self.company_ = self.company()
        self.hq = self.company_.hq
        self.bob = self.company_.station("bob", "Bob Lane")
        self.cy = self.company_.station("cy", "Cy Dow")

    def test_in_bulk(self):
        hq = self.hq
        mine = {row["name"] for row in hq.ask("customer.list", owner="Bob Lane", limit=100)}
        self.assertEqual(mine, {"Northwind", "Eastbank"})
        deal = self.bob.ask("opportunity.list", state="open", limit=100)
        with_customer = [row for row in deal if row["customer"] in mine]
        customer = sorted(mine)[0]
        self.bob.do("reminder.set", title="Call", due_at="2030-01-01 10:00", customer=customer)
        self.company_.settle(self.bob, self.cy)
        preview = hq.ask("customer.assign_preview", **{"from": "Bob Lane", "to": "Cy Dow"})
        self.assertEqual({row["name"] for row in preview}, mine)
        self.assertEqual(sum(row["open_opportunities"] for row in preview), len(with_customer))
        self.assertEqual(sum(row["reminders"] for row in preview), 1)
        result = hq.do("customer.assign_bulk", **{"from": "Bob Lane", "to": "Cy Dow", "note": "On leave"})
        self.assertEqual((result["customers"], result["opportunities"]), (len(mine), len(with_customer)))
        self.company_.settle(self.bob, self.cy)
        self.assertEqual(self.bob.ask("customer.list", owner="Bob Lane"), [])
        self.assertEqual({row["name"] for row in self.cy.ask("customer.list", owner="Cy Dow", limit=100)} & mine, mine)
        self.assertIn("Call", [row["title"] for row in self.cy.ask("reminder.list")])
        self.assertEqual(self.bob.ask("reminder.list"), [])
        for station, kind in ((self.bob, "customer.handed_over_bulk"), (self.cy, "customer.assigned_bulk")):
            told = [row for row in station.ask("notice.list") if row["kind"] == kind]
            self.assertEqual([(row["title"], row["detail"]) for row in told], [(str(len(mine)), "On leave")])

    def told(self, station, kind):
        return [(row["title"], row["from_person"], row["detail"]) for row in station.ask("notice.list") if row["kind"] == kind]

    def test_whom_it_concerns_is_told(self):
        hq = self.hq
        who = hq.ask("person.show")[0]["name"]
        hq.do("customer.assign", customer="Northwind", to="Cy Dow", note="Nearer")
        deal = self.bob.ask("opportunity.list", state="open", limit=1)[0]
        hq.do("opportunity.assign", opportunity=deal["id"], to="Cy Dow")
        hq.do("customer.release", customer="Eastbank", note="Nobody called")
        task = hq.do("task.add", title="Count the stock", assignee="Cy Dow")
        hq.do("task.edit", task=task["id"], assignee="Bob Lane", title="Count it again")
        mine = hq.do("task.add", title="My own")
        hq.do("task.edit", task=mine["id"], priority="high")
        self.company_.settle(self.bob, self.cy)
        self.assertEqual(self.told(self.cy, "customer.assigned"), [("Northwind", who, "Nearer")])
        self.assertEqual(sorted(self.told(self.bob, "customer.handed_over")),
                         [("Eastbank", who, "Nobody called"), ("Northwind", who, "Nearer")])
        self.assertEqual(self.told(self.cy, "opportunity.assigned"), [(deal["name"], who, None)])
        self.assertEqual(self.told(self.bob, "opportunity.handed_over"), [(deal["name"], who, None)])
        self.assertEqual(self.told(self.cy, "task.assigned"), [("Count the stock", who, None)])
        self.assertEqual(self.told(self.bob, "task.assigned"), [("Count it again", who, None)])
        self.assertEqual([row["kind"] for row in hq.ask("notice.list")], [])
        self.assertEqual([row["reason"] for row in hq.ask("customer.assignments", customer="Eastbank")][-1], "release")

    def test_a_refused_hand_over_leaves_all_as_it_was(self):
        before = self.hq.ask("customer.list", limit=100)
        for values, code in (({"customers": '["nobody"]', "to": "Cy Dow"}, "customer.unknown"),
                             ({"customers": '[', "to": "Cy Dow"}, "parameter.invalid"),
                             ({"from": "Bob Lane", "to": "Cy Dow", "industry": "none"}, "command.no_effect")):
            with self.subTest(values), self.assertRaises(support.Failure) as raised:
                self.hq.do("customer.assign_bulk", **values)
            self.assertEqual(raised.exception.code, code)
        self.assertEqual(self.hq.ask("customer.list", limit=100), before)

    def test_chosen_ones_without_their_opportunities(self):
        hq = self.hq
        row = hq.ask("customer.list", owner="Bob Lane", limit=1)[0]
        before = hq.ask("opportunity.count", owner="Cy Dow", state="open")[0]["count"]
        preview = hq.ask("customer.assign_preview", to="Bob Lane", customers=json.dumps([row["id"], "nobody"]))
        self.assertEqual({(line["name"], line["problem"]) for line in preview},
                         {(row["name"], "same_owner"), ("nobody", "unknown")})
        result = hq.do("customer.assign_bulk", to="Cy Dow", customers=json.dumps([row["id"]]), with_opportunities=False)
        self.assertEqual((result["customers"], result["opportunities"]), (1, 0))
        self.assertEqual(hq.ask("opportunity.count", owner="Cy Dow", state="open")[0]["count"], before)
        for values, code in (({"customers": '["nobody"]'}, "customer.unknown"), ({}, "customer.which"),
                             ({"from": "Cy Dow"}, "customer.same_owner")):
            with self.assertRaises(support.Failure) as raised:
                hq.do("customer.assign_bulk", to="Cy Dow", **values)
            self.assertEqual(raised.exception.code, code)
        with self.assertRaises(support.Failure) as raised:
            self.bob.do("customer.assign_bulk", to="Cy Dow", **{"from": "Bob Lane"})
        self.assertEqual(raised.exception.code, "role.missing")


class ManyCustomers(support.TestCase):
    """What one transaction holds goes in one; more is refused with the number that does."""

    def test_as_many_as_fit(self):
        rows = "".join(f"Shop {number:04},retail,1990,1,1,China,\n" for number in range(1501))
        files = {**support.SMALL, "accounts.csv": support.SMALL["accounts.csv"] + rows}
        hq = self.company(data=support.write_files(self.folder() / "data", files)).hq
        chosen = [row["id"] for row in hq.ask("customer.list", text="Shop", limit=10000)]
        self.assertEqual(len(chosen), 1501)
        with self.assertRaises(support.Failure) as raised:
            hq.do("customer.assign_bulk", to="Cy Dow", customers=json.dumps(chosen))
        self.assertEqual((raised.exception.code, raised.exception.field), ("customer.too_many", "customers"))
        self.assertIn("1501", raised.exception.message)
        self.assertEqual(hq.ask("customer.count", owner="Cy Dow", text="Shop"), [{"count": 0}])
        self.assertEqual(hq.do("customer.assign_bulk", to="Cy Dow", customers=json.dumps(chosen[1:]))["customers"], 1500)
        hq.sync()
        self.assertEqual(hq.status()["waiting"], 0)
        self.assertEqual(hq.inbox()["refusals"], [])
        self.assertEqual(hq.ask("customer.count", owner="Cy Dow", text="Shop"), [{"count": 1500}])


if __name__ == "__main__":
    unittest.main()
