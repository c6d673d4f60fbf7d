#!/usr/bin/env python3
"""How far the corpus of each target gets.

    tests/fuzz/edges.py [--missing] [target...]     needs the preset `coverage`, built

Replays the corpus and counts the edges of the code that the target is about: gcc's branches, as in the
measurement of sync/, of the functions in FILES that the replay enters. The branch on which an assertion fails
does not count. --missing lists the lines with edges that were not reached.
"""

import collections
import glob
import json
import os
import re
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.path.join(ROOT, "build-coverage")
# What each target is about; the rest of what it runs is there to put its input in place.
FILES = {
    "wire": r"sync/wire\.c",
    "message": r"sync/(message\w*|parcel|items)\.c",
    "bundle": r"sync/(bundle|payload\w*|change\w*|rows|row_column|cell_column|number_column"
              r"|dictionary|pack|placement)\.c",
    "merge": r"sync/(merge|scope|placement)\.c",
    "csv": r"tools/satchel/csv_(read|text)\.c",
    "json": r"client-core/(json|executor|command_cache|recorder|row_access)\.c"
            r"|schema/parameter\w*\.c",
    "route": r"server/(sync_handler|device_handler|file_handler|chain|apply|access|deferred"
             r"|device|station|placing|derived|verdicts)\.c",
}
ASSERTION = re.compile(r"^\s*assert\(")


def replay(target):
    for path in glob.iglob(BUILD + "/**/*.gcda", recursive=True):
        os.remove(path)
    subprocess.run([f"{BUILD}/tests/fuzz-{target}", f"{ROOT}/tests/fuzz/corpus/{target}"],
                   check=True, stdout=subprocess.DEVNULL)


def measured(target):
    """(file, line, reached, all) of every line with branches in a function that was entered."""
    pattern = re.compile(FILES[target])
    for path in glob.iglob(BUILD + "/**/*.gcda", recursive=True):
        output = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", path],
                                check=True, capture_output=True, cwd=BUILD).stdout
        for text in output.splitlines():
            for file in json.loads(text)["files"]:
                name = os.path.relpath(os.path.join(BUILD, file["file"]), ROOT)
                if pattern.fullmatch(name):
                    yield from edges_of(name, file)


def edges_of(name, file):
    entered = {function["name"] for function in file["functions"]
               if function["execution_count"] > 0}
    with open(os.path.join(ROOT, name), encoding="utf-8") as source:
        lines = source.read().split("\n")
    for line in file["lines"]:
        branches = line["branches"]
        if branches and line.get("function_name") in entered \
                and not ASSERTION.match(lines[line["line_number"] - 1]):
            yield (name, line["line_number"],
                   sum(branch["count"] > 0 for branch in branches), len(branches))


def main():
    targets = [word for word in sys.argv[1:] if not word.startswith("-")]
    for target in targets or sorted(FILES):
        replay(target)
        total = collections.Counter()
        for name, line, reached, every in measured(target):
            total["reached"] += reached
            total["all"] += every
            if "--missing" in sys.argv and reached < every:
                print(f"{name}:{line}: {reached} of {every}")
        share = 100 * total["reached"] / total["all"] if total["all"] else 0
        print(f"{target}: {total['reached']} of {total['all']} edges, {share:.1f} %")


if __name__ == "__main__":
    main()
