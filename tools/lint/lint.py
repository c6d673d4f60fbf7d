#!/usr/bin/env python3
"""Rules of this project that neither compiler nor clang-tidy knows.

    tools/lint/lint.py [root]

Reads the files that git knows (or would add), prints one line per finding, `file:line: rule:
what`, and exits with 1 if there are any. Each rule is one function over one file, or over all.
"""

import os
import posixpath
import re
import subprocess
import sys

from words import check_words

# Whose headers a layer may include. Nothing outside tests/ includes tests/.
MAY_INCLUDE = {
    "schema": {"schema"},
    "sync": {"schema", "sync"},
    "client-core": {"schema", "sync", "client-core"},
    "server": {"schema", "sync", "server"},
    "tools": {"schema", "sync", "client-core", "server", "tools"},
}
LAYERS = ("schema", "sync", "client-core", "server")
PUBLIC_HEADERS = {"satchel.h": "client-core/include/satchel.h"}

# What is behind each of these is known to few files, named here or counted. Tests and the benchmark
# (which measures the bare parts too) are free.
ONLY_KNOWN_TO = {
    # header of: (pattern of the header's name, how many .c files may include it)
    "CivetWeb": (re.compile(r"civetweb\.h"), 1),
    "libcurl": (re.compile(r"curl/.*"), 1),
    "libsodium": (re.compile(r"sodium(\.h|/.*)"), 2),  # hashes; seals
    "msgpack-c": (re.compile(r"msgpack(\.h|/.*)"), 1),
    "zstd": (re.compile(r"(zstd|zdict)\.h"), 1),
    "jansson": (re.compile(r"jansson\.h"), 2),  # the C API's edge; the programs
    "libcsv": (re.compile(r"csv\.h"), 1),
    "ICU": (re.compile(r"unicode/.*"), 1),
    "OpenSSL": (re.compile(r"openssl/.*"), 1),
    "libqrencode": (re.compile(r"qrencode\.h"), 1),
}
CLOCK_AND_CHANCE = re.compile(
    r"\b(clock_gettime|gettimeofday|time|timespec_get|nanosleep|usleep|sleep"
    r"|getrandom|getentropy|arc4random\w*|random|drand48|rand|srand)\s*\(")
CLOCK_FILE = "schema/base/env.c"

BANNED = {
    "strcpy": "no bound; use snprintf or memcpy",
    "strcat": "no bound; use a buffer",
    "strncpy": "may leave out the NUL; use snprintf or memcpy",
    "strncat": "its bound is not the buffer's; use a buffer",
    "stpcpy": "no bound",
    "sprintf": "no bound; use snprintf",
    "vsprintf": "no bound; use vsnprintf",
    "gets": "no bound",
    "scanf": "no error for what does not fit",
    "fscanf": "no error for what does not fit",
    "sscanf": "overflow is undefined; parse by hand",
    "atoi": "no error for what does not fit",
    "atol": "no error for what does not fit",
    "atoll": "no error for what does not fit",
    "atof": "no error for what does not fit",
    "strtok": "keeps a global; use strtok_r or a cursor",
    "system": "a shell",
    "popen": "a shell",
    "alloca": "a stack of unknown size",
    "setjmp": "hides control flow",
    "longjmp": "hides control flow",
    "tmpnam": "a race",
    "tempnam": "a race",
    "mktemp": "a race",
    "gmtime": "keeps a global; use gmtime_r",
    "localtime": "keeps a global, and depends on the machine",
    "localtime_r": "depends on the machine's time zone; times are UTC",
    "ctime": "keeps a global",
    "asctime": "keeps a global",
    "strerror": "keeps a global; use strerror_r",
    "setlocale": "a process-wide global",
    "mg_handle_form_request": "overflows its stack (CVE-2025-9648); use mg_read under a cap",
}
# Libraries never log and never exit.
BANNED_IN_LAYERS = {
    "printf": "a library does not print",
    "vprintf": "a library does not print",
    "puts": "a library does not print",
    "putchar": "a library does not print",
    "perror": "a library does not print",
    "exit": "a library does not exit",
    "_exit": "a library does not exit",
    "abort": "a library does not exit",
    "signal": "signals belong to the program",
    "sigaction": "signals belong to the program",
}
# (file, call): why it may.
ALLOWED = {
    ("tools/satchel/format.c", "localtime_r"): "people read times in their own zone",
    ("tools/satcheld/options.c", "localtime_r"): "people read times in their own zone",
    ("tools/satchel/table.c", "setlocale"): "the program's own: how wide a character is",
    ("schema/base/env.c", "abort"): "without randomness no key and no id is safe",
}

# Marks that would take lines out of the measured coverage.
COVERAGE_MARK = re.compile(r"\b(?:GCOVR?|LCOV)_EXCL")
# Places that exist on one person's machine only, and hosts of package registries, which differ
# from site to site.
MACHINE_PATH = re.compile(r"(?<![\w.:/~-])/(?:root|work)/\w")
REGISTRY_HOST = re.compile(r"\b(?:registry|deb|pypi)\.[a-z]+\.(?:org|com|io|dev)\b")

# What may stand at the top, beside the files whose names begin with a dot.
TOP_LEVEL = re.compile(
    r"(?:schema|sync|client-core|server|tools|tests|docs)/.*"
    r"|\.[^/]*(?:/.*)?"
    r"|CMakeLists\.txt|CMakePresets\.json|LICENSE"
    r"|(?:README(?:\.zh-CN)?|ARCHITECTURE|CONTRIBUTING|CHANGELOG|SECURITY)\.md")

MAX_LINES = 800
SOURCE_ENDINGS = (".c", ".h", ".sql", ".py", ".sh", ".js", ".mjs", ".ts", ".vue", ".css")
TEXT_ENDINGS = SOURCE_ENDINGS + (".md", ".txt", ".cmake", ".json", ".yml", ".yaml", ".map", ".supp")
FOREIGN = ("tests/data/", "tests/golden/", "tests/fuzz/corpus/")

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def code_only(text):
    """The C text with comments and the insides of literals blanked; lines stay where they are."""
    return TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def calls(code, names):
    """(line, name) for each call of one of the names that is not a member of something."""
    pattern = re.compile(
        r"(?<![\w.])(?<!->)(" + "|".join(map(re.escape, sorted(names))) + r")\s*\(")
    for number, line in enumerate(code.split("\n"), 1):
        for match in pattern.finditer(line):
            yield number, match.group(1)


def includes(text):
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(2)


def layer_of(path):
    return path.split("/", 1)[0]


def is_c(path):
    return path.endswith((".c", ".h"))


def is_foreign(path):
    return path.startswith(FOREIGN) or path.endswith("package-lock.json")


def free_of_isolation(path):
    return path.startswith(("tests/", "tools/bench/"))


def target_of_include(path, name, known):
    """The file of this repository that an #include means, or None."""
    if name in PUBLIC_HEADERS:
        return PUBLIC_HEADERS[name]
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    from_root = posixpath.normpath(name)
    for candidate in (beside, from_root):
        if candidate in known:
            return candidate
    guess = beside if name.startswith(".") else from_root
    return guess if "/" in guess and layer_of(guess) in (*MAY_INCLUDE, "tests") else None


def check_layers(path, text, known):
    layer = layer_of(path)
    if not is_c(path) or layer not in MAY_INCLUDE:
        return
    for number, name in includes(text):
        target = target_of_include(path, name, known)
        if target and layer_of(target) not in MAY_INCLUDE[layer]:
            yield number, "layer", f"{layer} may not include {target}"


def check_calls(path, text, known):
    if not is_c(path):
        return
    banned = dict(BANNED)
    if layer_of(path) in LAYERS:
        banned.update(BANNED_IN_LAYERS)
    code = code_only(text)
    for number, name in calls(code, banned):
        if path.startswith("tests/") and name in ("setjmp", "longjmp"):
            continue
        if (path, name) not in ALLOWED:
            yield number, "call", f"{name}: {banned[name]}"
    if layer_of(path) in LAYERS:
        for number, line in enumerate(code.split("\n"), 1):
            if re.search(r"\b(stderr|stdout)\b", line):
                yield number, "call", "a library does not print"


def check_clock(path, text, known):
    if not is_c(path) or path == CLOCK_FILE or free_of_isolation(path):
        return
    for number, line in enumerate(code_only(text).split("\n"), 1):
        for match in CLOCK_AND_CHANCE.finditer(line):
            before = line[:match.start()].rstrip()
            if not before.endswith((".", "->", "*")):
                yield number, "outside", f"{match.group(1)}: only {CLOCK_FILE} asks the system"


def check_length(path, text, known):
    lines = text.count("\n")
    if path.endswith(SOURCE_ENDINGS) and lines > MAX_LINES:
        yield lines, "length", f"{lines} lines, at most {MAX_LINES}"


def check_place(path, text, known):
    if not TOP_LEVEL.fullmatch(path):
        yield 1, "place", "the top level holds the layers and the project's own pages only"


def check_text(path, text, known):
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "text", "no newline at the end"
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            yield number, "text", "tab"
        if line.endswith((" ", "\r")):
            yield number, "text", "blank or carriage return at the end of the line"
        if COVERAGE_MARK.search(line) and not path.startswith("tools/lint/"):
            yield number, "coverage", "no line is taken out of the measurement"
        if MACHINE_PATH.search(line):
            yield number, "text", "path of one machine"
        if REGISTRY_HOST.search(line):
            yield number, "text", "host of a package registry"


def check_isolation(texts):
    """Over all files: each foreign library is known to as few files as the table says."""
    for library, (pattern, most) in ONLY_KNOWN_TO.items():
        users = {}
        for path, text in texts.items():
            if not is_c(path) or free_of_isolation(path):
                continue
            for number, name in includes(text):
                if pattern.fullmatch(name):
                    users[path] = number
        for path, number in sorted(users.items()):
            if path.endswith(".h"):
                yield path, number, "isolation", f"a header passes {library} on to who includes it"
            elif len(users) > most:
                yield (path, number, "isolation",
                       f"{library} is known to {len(users)} files, at most {most}")


def is_text(path, content):
    if is_foreign(path) or path == "LICENSE" or b"\0" in content:
        return False
    return path.endswith(TEXT_ENDINGS) or "." not in posixpath.basename(path).lstrip(".")


def listed_files(root):
    output = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True).stdout
    return sorted({name for name in os.fsdecode(output).split("\0") if name})


def read_texts(root):
    texts = {}
    for path in listed_files(root):
        full = os.path.join(root, path)
        if os.path.islink(full) or not os.path.isfile(full):
            continue
        with open(full, "rb") as file:
            content = file.read()
        if is_text(path, content):
            texts[path] = content.decode("utf-8", errors="replace")
    return texts


FILE_RULES = (check_layers, check_calls, check_clock, check_length, check_place, check_text)


def findings(texts):
    """All findings of all rules over {path: text}, as (path, line, rule, what)."""
    known = set(texts)
    for path, text in texts.items():
        for rule in FILE_RULES:
            for number, name, what in rule(path, text, known):
                yield path, number, name, what
    yield from check_isolation(texts)
    yield from check_words(texts)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../..")
    texts = read_texts(root)
    found = sorted(findings(texts))
    for path, number, rule, what in found:
        print(f"{path}:{number}: {rule}: {what}")
    print(f"lint: {len(texts)} files, {len(found)} findings")
    return 1 if found or not texts else 0


if __name__ == "__main__":
    sys.exit(main())
