"""Plays a day in a company that sells with Satchel: import, work without a network, merge, a crash.

Everything printed is asked from the stations at that moment; no figure is written here.
"""

import argparse
import collections
import datetime
import pathlib
import shutil
import signal
import sys
import tempfile
import textwrap
import time

from company import App, BIN, DATA, Failure, Link, Server, Station, free_port, wait_until

ALL = 1000000  # rows
WHY = {"later": "it was written later, by headquarters' time"}


def section(title):
    print(f"\n{title}\n{'-' * len(title)}")


def say(text):
    print(textwrap.fill(" ".join(text.split()), 92))


def money(minor):
    return f"{minor // 100:,}.{minor % 100:02d}"


def rate(basis_points):
    return "–" if basis_points is None else f"{basis_points // 100}.{basis_points % 100:02d} %"


def plural(count, one, many=None):
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def clock_time(utc_ms):
    return datetime.datetime.fromtimestamp(utc_ms / 1000).strftime("%Y-%m-%d %H:%M:%S")


class Cast:
    """Who plays: the people of the story if the data has them, else others like them."""

    def __init__(self, hq):
        people = [row for row in hq.ask("opportunity.won_by_owner") if row["manager"]]
        deals = hq.ask("opportunity.list", limit=ALL)
        self.customers = collections.defaultdict(set)
        for deal in deals:
            if deal["customer"]:
                self.customers[deal["owner"]].add(deal["customer"])
        managers = {row["owner"]: row["manager"] for row in people}
        if len(managers) < 2:
            raise SystemExit("demo: the data needs at least two agents with a manager")
        self.anna, self.darcel = self._agents(managers)
        self.dustin = managers[self.anna]
        others = [name for name in sorted(set(managers.values())) if name != self.dustin]
        self.melvin = managers[self.darcel]
        if self.melvin == self.dustin and others:
            self.melvin = others[0]

    def _agents(self, managers):
        if {"Anna Snelling", "Darcel Schlecht"} <= managers.keys():
            return "Anna Snelling", "Darcel Schlecht"
        names = sorted(managers, key=lambda name: (-len(self.customers[name]), name))
        return max(((a, b) for a in names[:20] for b in names[:20] if a != b),
                   key=lambda pair: (managers[pair[0]] != managers[pair[1]],
                                     len(self.customers[pair[0]] & self.customers[pair[1]])))

    def shared_customer(self):
        shared = self.customers[self.anna] & self.customers[self.darcel]
        return min(shared) if shared else None


class Demo:
    def __init__(self, folder, data):
        self.folder = folder
        self.data = data
        self.server = Server(folder / "server")
        self.hq = Station(folder / "hq")
        self.stations = {}
        self.links = {}
        self.used = set()  # ids of the deals that somebody in the story works on

    # --- headquarters -----------------------------------------------------------------------

    def headquarters(self):
        section("1. Headquarters takes over the CRM's files")
        invitation = self.server.init("Hardware Sales")
        self.server.start()
        self.hq.enrol(invitation, name="hq")
        self.hq.sync()
        started = time.monotonic()
        report = self.hq.import_files(self.data, "--errors", str(self.folder / "import-errors.csv"),
                                      accept=(0, 3))
        imported = time.monotonic() - started
        made = ", ".join(plural(report[many]["made"], one, many) for one, many in
                         (("branch", "branches"), ("person", "people"), ("product", "products"),
                          ("customer", "customers"), ("opportunity", "opportunities")))
        say(f"Imported in {imported:.1f} s: {made}; set aside: {report['rejected']}.")
        mended = [f"\"{note['from']}\" read as \"{note['to']}\" ({note['count']:,}×)"
                  for note in report["mended"] if note["to"]]
        if mended:
            say(f"Mended: {', '.join(mended)}.")
        if report["rejected"]:
            say(f"{report['errors_file']} says what is wrong with each row set aside.")
        sent = self.hq.sync()
        say(f"Sent to the server: {plural(sent['transactions_sent'], 'transaction')}, "
            f"{sent['bytes_sent'] / 1024:,.0f} KB, in {sent['duration_ms'] / 1000:.1f} s.")
        self.before = self.funnel()
        result, = self.hq.ask("opportunity.win_rate")
        say(f"Won {result['won']:,}, lost {result['lost']:,}: win rate {rate(result['win_rate_bp'])}; "
            f"won {money(result['won_amount_minor'])}.")
        self.cast = Cast(self.hq)

    def funnel(self):
        return {row["stage_code"]: row["count"] for row in
                self.hq.ask("opportunity.count_by_stage", pipeline="crm")}

    # --- stations ------------------------------------------------------------------------------

    def people(self):
        section("2. Four people get a station each, and sync for the first time")
        for name in ("anna", "darcel", "dustin", "melvin"):
            person = getattr(self.cast, name)
            link = self.links[name] = Link(self.server.port)
            station = self.stations[name] = Station(self.folder / name, link=link)
            station.enrol(self.server.invite(person), name=name)
            self.first_sync(name, person)
        self.check_scopes()

    def first_sync(self, name, person):
        station = self.stations[name]
        if sys.stderr.isatty():
            process = station.start("sync", stderr=None)  # its progress bar draws itself
            output, _ = process.communicate()
            if process.returncode != 0:
                raise Failure(["satchel", "sync"], process.returncode, output, "see above")
            print(f"{person:17} {output.strip()}")
        else:
            got = station.sync()
            print(f"{person:17} received {got['rows_received']:,} rows, "
                  f"{got['bytes_received'] / 1024:,.0f} KB, in {got['duration_ms']} ms")

    def check_scopes(self):
        for name, station in self.stations.items():
            deals = station.ask("opportunity.list", limit=ALL)
            customers = station.ask("customer.list", limit=ALL)
            owners = {deal["owner"] for deal in deals}
            whose = f"of {plural(len(owners), 'person', 'people')}"
            print(f"{getattr(self.cast, name):17} holds "
                  f"{plural(len(deals), 'opportunity', 'opportunities')} ({whose}) "
                  f"and {plural(len(customers), 'customer')}")
        foreign = [deal for deal in self.stations["dustin"].ask("opportunity.list", limit=ALL)
                   if deal["owner"] == self.cast.darcel]
        if self.cast.melvin != self.cast.dustin:
            say(f"Of {self.cast.darcel}'s opportunities {self.cast.dustin} sees {len(foreign)}.")

    # --- offline ---------------------------------------------------------------------------------

    def offline(self):
        section("3. The network is off: all four links are cut")
        for link in self.links.values():
            link.cut()
        try:
            self.stations["anna"].sync()
            raise SystemExit("demo: the link is cut, and yet the sync went through")
        except Failure as failure:
            say(f"satchel sync at {self.cast.anna}'s: {failure.message} ({failure.code})")
        self.stations["darcel"].clock = "-1d"
        self.prepare_shared()
        for name in ("anna", "darcel"):
            self.work(name)
        self.edit_shared()
        for name in ("anna", "darcel"):
            print(f"{getattr(self.cast, name):17} "
                  f"{plural(self.stations[name].status()['waiting'], 'transaction')} wait on "
                  f"the station, durable")

    def prepare_shared(self):
        self.shared = self.cast.shared_customer()
        if self.shared is not None:
            return
        # Too little data: headquarters lets both see one customer first.
        for link in self.links.values():
            link.restore()
        self.shared = self.hq.do("customer.register", name="Shared Customer",
                                 owner=self.cast.anna)["name"]
        self.hq.do("customer.share", customer=self.shared, with_=self.cast.darcel)
        for station in (self.hq, self.stations["anna"], self.stations["darcel"]):
            station.sync()
        for link in self.links.values():
            link.cut()

    def deal(self, name, number):
        """An open opportunity of his or hers; a new one when the data has too few."""
        station, person = self.stations[name], getattr(self.cast, name)
        deals = station.ask("opportunity.list", state="open", owner=person, pipeline="crm", limit=ALL)
        deals = [row for row in deals if row["id"] not in self.used]
        if not deals:
            made = station.do("opportunity.register", name=f"Deal {number} of {person}",
                              pipeline="crm", amount="1000")
            deals = [station.ask("opportunity.show", opportunity=made["id"])[0]]
        chosen = min(deals, key=lambda row: (row["stage_code"] != "prospecting", row["name"],
                                             row["id"]))
        self.used.add(chosen["id"])
        return chosen

    def work(self, name):
        station, person = self.stations[name], getattr(self.cast, name)
        customer = f"{person.split()[-1]} & Sons"
        station.do("customer.register", name=customer, contact_name="Lee Walk-in",
                   phone=f"555-{1000 + len(person)}{name[0]}")
        station.do("opportunity.register", name=f"First order of {customer}",
                   customer=customer, amount="12500", pipeline="crm")
        station.do("interaction.log", customer=self.shared, kind="visit", outcome="interested",
                   summary="Showed the new line; wants an offer.")
        station.do("reminder.set", title=f"Call {customer}", due_at="2030-01-15 10:00",
                   offset_minutes=15, customer=customer)
        moved, won, lost = (self.deal(name, number) for number in (1, 2, 3))
        if moved["stage_code"] == "prospecting":
            station.do("opportunity.move_stage", opportunity=moved["id"], stage="engaging")
        station.do("opportunity.win", opportunity=won["id"], note="Price was right")
        station.do("opportunity.lose", opportunity=lost["id"], reason="budget")
        what = [f"registers {customer} and its first opportunity", "logs a visit",
                "sets a reminder"]
        if moved["stage_code"] == "prospecting":
            what.append(f"moves \"{moved['name']}\" to engaging")
        what += [f"wins \"{won['name']}\" ({money(won['amount_minor'])})",
                 f"loses \"{lost['name']}\" (budget)"]
        slow = " (whose clock is a day slow)" if station.clock else ""
        say(f"{person}{slow}: {', '.join(what)}.")

    def edit_shared(self):
        anna, darcel = self.stations["anna"], self.stations["darcel"]
        say(f"Both work with {self.shared}. {self.cast.anna} enters its website, {self.cast.darcel} "
            f"its e-mail: different cells. Then {self.cast.anna} sets the phone to 555-0100, and "
            f"after her {self.cast.darcel} sets it to 555-0200: the same cell, and his clock claims "
            f"that he was a day earlier.")
        anna.do("customer.edit", customer=self.shared, website="https://shared.example")
        darcel.do("customer.edit", customer=self.shared, email="desk@shared.example")
        anna.do("customer.edit", customer=self.shared, phone="555-0100")
        darcel.do("customer.edit", customer=self.shared, phone="555-0200")

    # --- online ------------------------------------------------------------------------------------

    def online(self):
        section("4. The network is back: everybody syncs")
        for link in self.links.values():
            link.restore()
        for name in ("anna", "darcel"):
            report = self.stations[name].sync()
            print(f"{getattr(self.cast, name):17} sent {report['transactions_sent']}, "
                  f"merged {report['merged']}, conflicts {report['conflicts']}, refused "
                  f"{report['refused']}; {report['bytes_sent'] / 1024:.1f} KB up, "
                  f"{report['bytes_received'] / 1024:.1f} KB down, "
                  f"{plural(report['rounds'], 'round trip')}")
        for station in (self.stations["anna"], *self.stations.values(), self.hq):
            station.sync()
        for name in ("anna", "darcel"):
            card, = self.stations[name].ask("customer.show", customer=self.shared)
            print(f"{self.shared} at {getattr(self.cast, name)}'s: phone {card['phone']}, "
                  f"website {card['website']}, e-mail {card['email']}")
        self.show_conflict()
        self.show_inboxes()

    def show_conflict(self):
        for conflict in self.hq.ask("conflict.list"):
            say(f"Conflict on {conflict['row_label']}, {conflict['cell_name']}: "
                f"\"{conflict['winner_text']}\" by {conflict['winner']} "
                f"({clock_time(conflict['winner_at'])}) stands; "
                f"\"{conflict['loser_text']}\" by {conflict['loser']} "
                f"({clock_time(conflict['loser_at'])}) is kept. "
                f"Why: {WHY.get(conflict['reason'], conflict['reason'])}. "
                f"`satchel inbox restore 1` would put it back.")

    def show_inboxes(self):
        for name, station in self.stations.items():
            inbox = station.inbox()
            told = [f"conflict on {entry['row_label']}" for entry in inbox["conflicts"]]
            told += [f"{entry['kind']} \"{entry['title']}\"" for entry in inbox["notices"]]
            told += [f"refused: {entry['command']}" for entry in inbox["refusals"]]
            say(f"{getattr(self.cast, name)} is told: {'; '.join(told) or 'nothing'}.")

    def results(self):
        section("5. The funnel before and after, and what each manager sees")
        after = self.funnel()
        for stage in dict.fromkeys([*self.before, *after]):
            before, now = self.before.get(stage, 0), after.get(stage, 0)
            print(f"{stage:12} {before:7,} {now:7,} {now - before:+5d}")
        for name in dict.fromkeys(("dustin", "melvin")):
            station, person = self.stations[name], getattr(self.cast, name)
            team = station.ask("team.overview")
            won = sum(row["won"] for row in team)
            lost = sum(row["lost"] for row in team)
            share = rate((won * 20000 + won + lost) // (2 * (won + lost))) if won + lost else "–"
            best = f"; best: {team[0]['person']}, {money(team[0]['won_amount_minor'])}" \
                if team else ""
            say(f"{person}: {plural(len(team), 'person', 'people')}, "
                f"{sum(row['open'] for row in team):,} open, {won:,} won, {lost:,} lost "
                f"({share}), {money(sum(row['won_amount_minor'] for row in team))}{best}.")

    # --- crash --------------------------------------------------------------------------------------

    def crash(self):
        section("6. kill -9 of the server in the middle of a sync")
        anna, link = self.stations["anna"], self.links["anna"]
        count = 40
        for number in range(count):
            anna.do("interaction.log", customer=self.shared, kind="note",
                    summary=f"Note {number + 1} of {count}")
        link.hold()
        before = link.bytes_up
        process = anna.start("sync", "--json")
        wait_until(lambda: link.held > 0, "the server answers")
        self.server.kill()
        link.cut()
        process.communicate()
        say(f"{self.cast.anna} writes {count} notes and syncs. The server has "
            f"{(link.bytes_up - before) / 1024:.1f} KB from her and is killed while its answer is "
            f"under way. Her sync ends with status {process.returncode}; as far as she knows, "
            f"{anna.status()['waiting']} transactions still wait.")
        link.restore()
        self.server.start()
        report = anna.sync()
        self.hq.sync()
        notes = [row for row in self.hq.ask("interaction.list", customer=self.shared, limit=ALL)
                 if (row["summary"] or "").startswith("Note ")]
        say(f"The server is started again; the next sync brings {report['merged']} verdicts. At "
            f"headquarters: {len({row['summary'] for row in notes})} different notes, "
            f"{len(notes)} rows. Lost: {count - len({row['summary'] for row in notes})}, "
            f"twice: {len(notes) - len({row['summary'] for row in notes})}.")
        if len(notes) != count:
            raise SystemExit("demo: an acknowledged note is missing or there twice")

    def verify(self):
        for station in (self.hq, *self.stations.values(), self.hq):
            station.sync()
        for station in (self.hq, *self.stations.values()):
            station.verify()
        self.server.verify()
        say("satchel verify on all five stations and satcheld verify: what they hold adds up.")

    # --- the end -------------------------------------------------------------------------------------

    def folders(self):
        """Whose folders they are, when the data has other people than the story's."""
        people = {name: getattr(self.cast, name) for name in self.stations}
        if all(person.lower().startswith(name) for name, person in people.items()):
            return
        say("The folders are: " + ", ".join(f"{name} of {person}" for name, person in people.items())
            + ", and hq of headquarters.")

    def finish(self):
        """Leaves the stations as they would be without the links of this demo."""
        self.stations["darcel"].clock = None
        for station in self.stations.values():
            station.run("move", self.server.address)

    def close(self):
        for link in self.links.values():
            link.close()
        self.server.stop()

    def play(self):
        self.headquarters()
        self.people()
        self.offline()
        self.online()
        self.results()
        self.crash()
        self.verify()
        self.finish()
        self.folders()


def read_arguments():
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the story")
    parser.add_argument("--keep", metavar="DIR", type=pathlib.Path,
                        help="keep server and stations in this new folder")
    parser.add_argument("--data", metavar="FOLDER", type=pathlib.Path, default=DATA,
                        help="other files of the four shapes")
    arguments = parser.parse_args()
    if arguments.keep and arguments.keep.exists() and any(arguments.keep.iterdir()):
        parser.error(f"--keep: {arguments.keep} is not empty")
    if not arguments.data.is_dir():
        parser.error(f"--data: {arguments.data} is no folder")
    if not shutil.which("faketime"):
        parser.error("the slow clock needs the package faketime (tools/setup brings it)")
    return arguments


def open_pages(demo):
    """The pages of two phones and of headquarters; returns the programs behind the phones."""
    console = free_port()
    demo.server.stop()
    demo.server.start("--console", f"127.0.0.1:{console}")
    apps = {name: App(demo.stations[name]) for name in ("anna", "dustin")}
    people = ["Headquarters", demo.cast.dustin]
    passwords = [wait_until(lambda who=who: access(demo.server, who), "headquarters' page is ready")
                 for who in people]
    print(f"""
Pages to try, in any browser on this machine (中文 / English on the page Me):

  Headquarters' page     http://127.0.0.1:{console}
      {people[0]:<20} password {passwords[0]}
      {people[1]:<20} password {passwords[1]}   (sees his own people)
  {demo.cast.anna + "'s phone":<22} {apps["anna"].address}
  {demo.cast.dustin + "'s phone":<22} {apps["dustin"].address}

In another terminal:
  {BIN}/satchel --home {demo.folder}/anna inbox
  {BIN}/satchel --home {demo.folder}/hq ask opportunity.won_by_manager

The server listens at {demo.server.address}. Ctrl-C ends all of it.""", flush=True)
    return apps.values()


def access(server, who):
    try:
        return server.access(who)
    except Failure as failure:
        if failure.code in ("console.missing", "station.missing", "user.unknown"):
            return None  # its own station is still being made, or has not synced
        raise


def wait_for_end(demo):
    apps = open_pages(demo)
    try:
        while demo.server.process.poll() is None:
            time.sleep(0.5)
        raise SystemExit("demo: the server has ended")
    finally:
        for app in apps:
            app.stop()


def main():
    arguments = read_arguments()
    folder = arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="satchel-demo-"))
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.reconfigure(line_buffering=True)
    demo = Demo(folder, arguments.data.resolve())
    played = ended = False
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        demo.play()
        played = True
        if not arguments.once:
            wait_for_end(demo)
        ended = True
    except (Failure, TimeoutError) as failure:
        print(f"demo: {failure}", file=sys.stderr)
    except KeyboardInterrupt:
        ended = played
    finally:
        demo.close()
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if ended and arguments.keep:
        print(f"\nKept in {folder}: server, hq, anna, darcel, dustin, melvin. To go on:\n"
              f"  satcheld serve --data {folder}/server --listen 127.0.0.1:{demo.server.port}\n"
              f"  satchel --home {folder}/anna status")
    return 0 if ended else 1


if __name__ == "__main__":
    sys.exit(main())
