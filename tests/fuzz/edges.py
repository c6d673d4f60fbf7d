#!/usr/bin/env python3
"""How far the corpus of each target gets.

    tests/fuzz/edges.py [--missing | --excluded] [target...]     builds the preset `edges` and replays the corpus

An edge is one outcome of a condition, as clang counts them: of `a || b` four, of a switch one for each case. Those
count that lie in the files that a target is about (the line "About:" in its source), in functions that can be
reached from it, by the names in the sources. Not counted are those that only a failing world takes and that no
input took: see reach.py. --missing lists the edges that were not reached, --excluded those that do not count.
"""

import collections
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys

from reach import Sources

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.path.join(ROOT, "build-edges")
ASSERTION = re.compile(r"^\s*assert\(")


def run(*command, **more):
    return subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, **more).stdout


def build(targets):
    run("cmake", "--preset", "edges", "--log-level=NOTICE")
    run("cmake", "--build", "--preset", "edges", "--target", *[f"fuzz-{target}" for target in targets],
        "--", "--quiet")


def replay(target):
    """{file: [(line, column, last line, last column, times true, times false), ...]}"""
    raw, profile = f"{BUILD}/{target}.profraw", f"{BUILD}/{target}.profdata"
    program = f"{BUILD}/tests/fuzz-{target}"
    run(program, f"{ROOT}/tests/fuzz/corpus/{target}", env=dict(os.environ, LLVM_PROFILE_FILE=raw))
    run("llvm-profdata-14", "merge", "-sparse", raw, "-o", profile)
    export = json.loads(run("llvm-cov-14", "export", program, f"-instr-profile={profile}"))
    found = collections.defaultdict(dict)
    for file in export["data"][0]["files"]:
        name = os.path.relpath(os.path.realpath(file["filename"]), ROOT)
        for branch in file["branches"]:
            place = tuple(branch[:4])
            before = found[name].get(place, (0, 0))
            found[name][place] = (before[0] + branch[4], before[1] + branch[5])
    return found


def about(target):
    """The files of a target: the patterns behind "About:", up to the end of that paragraph."""
    with open(f"{ROOT}/tests/fuzz/fuzz_{target}.c", encoding="utf-8") as source:
        text = re.search(r"\* About:(.*?)(?:\n \*\n|\n \*/)", source.read(), flags=re.S).group(1)
    return re.findall(r"[\w./*-]+\.c", text)


def replayed(target):
    """Functions that read what the program itself has written, behind "Replays:": what they refuse is a finding."""
    with open(f"{ROOT}/tests/fuzz/fuzz_{target}.c", encoding="utf-8") as source:
        text = re.search(r"\* Replays:(.*?)(?:\n \*\n|\n \*/)", source.read(), flags=re.S)
    return set(re.findall(r"[a-z_]+", text.group(1))) if text else set()


def edges_of(target, sources):
    """(state, file, line, condition, outcome) of every edge; state: reached, missing, or why it does not count."""
    patterns, own = about(target), replayed(target)
    entry = sources.here[(f"tests/fuzz/fuzz_{target}.c", "LLVMFuzzerTestOneInput")]
    reachable = sources.reached_from(entry)
    for file, branches in sorted(replay(target).items()):
        if not any(fnmatch.fnmatchcase(file, pattern) for pattern in patterns):
            continue
        for (line, column, last, end), taken in sorted(branches.items()):
            function = next((function for function in sources.functions if function.file == file
                             and function.line <= line <= function.last), None)
            if function not in reachable:
                continue
            text = cut(sources.lines[file], line, column, last, end)
            if text.startswith(("case ", "default")):
                yield (state_of(taken[0]), file, line, text, "taken")
                continue
            if text in ("true", "1", "0", "false"):
                continue
            behind_switch = sources.lines[file][line - 1][:column - 1].endswith("switch (")
            for side in (True,) if behind_switch and not taken[0] else (True, False):
                state = state_of(taken[0] if side else taken[1])
                if state == "missing":
                    state = "replay" if function.name in own else \
                        excuse(sources, function, (line, text, last, end), side) or state
                yield (state, file, line, text, str(side).lower())


def cut(lines, line, column, last, end):
    if line == last:
        return lines[line - 1][column - 1:end - 1]
    parts = [lines[line - 1][column - 1:]] + lines[line:last - 1] + [lines[last - 1][:end - 1]]
    return " ".join(part.strip() for part in parts)


def state_of(times):
    return "reached" if times > 0 else "missing"


def excuse(sources, function, place, side):
    line, text, last, end = place
    if ASSERTION.match(sources.lines[function.file][line - 1]):
        return "assertion"
    if sources.failing_side(function, text) == side:
        return "world"
    if sources.leads_to_failure(function, (line, last, end), side):
        return "leads"
    return None


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    targets = words or sorted(os.path.basename(path)[5:-2] for path in glob.glob(f"{ROOT}/tests/fuzz/fuzz_*.c"))
    build(targets)
    sources = Sources(ROOT)
    for target in targets:
        count = collections.Counter()
        for state, file, line, text, side in edges_of(target, sources):
            count[state] += 1
            if "--missing" in sys.argv and state == "missing" or \
                    "--excluded" in sys.argv and state not in ("missing", "reached"):
                print(f"{file}:{line}: {text}: {side}" + ("" if state == "missing" else f" ({state})"))
        every = count["reached"] + count["missing"]
        share = 100 * count["reached"] / every if every else 0
        print(f"{target}: {count['reached']} of {every} edges, {share:.1f} %; not counted: "
              f"{count['assertion']} of assertions, {count['world'] + count['leads']} of a failing world, "
              f"{count['replay']} of a replay that fails")


if __name__ == "__main__":
    main()
