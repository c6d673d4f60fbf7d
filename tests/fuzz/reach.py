"""What a target can reach, read out of the sources: who names whom, and which failures only the world brings.

The sources are laid out by clang-format, and every function that can fail says so in the same way (schema/base/error.h);
so plain patterns are enough. Where they are in doubt, an edge counts as one that can be reached.
"""

import glob
import os
import re

# What the targets are linked from. Of the tests only their own.
FOLDERS = ("schema", "sync", "client-core", "server", "tools/satchel", "tests/fuzz", "tests/support")
HEADERS = ("tests/unit/client-core/world.h",)
NAME = re.compile(r"[A-Za-z_]\w*")
CODE = re.compile(r'"([a-z_]+(?:\.[a-z_]+)+|memory)"')
# As error_is_failure has it: database, memory, a journal that does not hold; and the file system's own.
WORLD = re.compile(r"memory|database\.(?!constraint)\w+|journal\.\w+|replay\.\w+|(?:file|stream)\.(?:failed|full|file)")
# They fail when there is no memory, or the disk or the database does not work. NULL says so,
NULLS = {"malloc", "calloc", "realloc", "strdup", "strndup", "arena_alloc", "arena_alloc_array", "arena_text",
         "buffer_extend", "fopen", "fdopen", "opendir", "sqlite3_column_blob", "json_object", "json_array",
         "json_string", "json_stringn", "json_integer", "json_dumps", "ZSTD_createCCtx", "ZSTD_createDCtx",
         "reader_take"} # of ours: opens once more what is open
# or anything but zero,
NUMBERS = {"sqlite3_exec", "sqlite3_reset", "sqlite3_bind_blob", "sqlite3_bind_int64", "sqlite3_bind_null",
           "sqlite3_bind_text", "sqlite3_prepare_v2", "sqlite3_prepare_v3", "sqlite3_finalize", "close", "fclose",
           "fflush", "fsync", "fdatasync", "ftruncate", "fseek", "rename", "unlink", "mkdir", "csv_init",
           "json_object_set_new", "json_array_append_new", "pthread_mutex_init", "pthread_cond_init",
           "file_folder_size", "files_lock"} # of ours: ask the file system
# or what stands in a comparison.
COMPARED = re.compile(r"(!=|==) (SQLITE_OK|SQLITE_DONE)$")
RAISED = re.compile(r"(?:error_out_of_memory|problem_out_of_memory|error_from_sqlite|error_from_system)\("
                    r'|(?:error_set|problem_set)\(\s*\w+,\s*"(' + WORLD.pattern + r')"')
# What says so, and what only writes it down.
SAYERS = {"error_out_of_memory", "error_from_sqlite", "error_from_system", "problem_out_of_memory",
          "error_fill_sqlite", "error_fill", "error_clear", "problem_set"}
OURS = SAYERS | NULLS | NUMBERS


def without_comments(text):
    """Comments become blanks, so that places stay where they are."""
    blank = lambda found: re.sub(r"[^\n]", " ", found.group()) if found.group()[0] == "/" else found.group()
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def without_texts(text):
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


class Function:
    def __init__(self, file, line, head, body):
        self.file, self.line, self.body = file, line, body
        self.last = line + (head + body).count("\n")
        self.static = "static" in head.split("(")[0]
        self.name = re.search(r"(\w+)\s*(?:\(|\[|=)", head).group(1)
        kind = head[:head.index(self.name)].replace("static", "").replace("inline", "").strip()
        self.pointer = kind.endswith("*")
        self.kind = kind.replace("const", "").strip()
        self.reports = bool(re.search(r"(?<!const )\b(?:struct error|satchel_error) \*", head))
        self.code = without_texts(body)
        self.names = set(NAME.findall(self.code))


class Sources:
    def __init__(self, root):
        self.functions, self.lines, self.texts = [], {}, {}
        for folder in FOLDERS:
            files = [f"{root}/{name}" for name in HEADERS] if folder == "tests/fuzz" else []
            for path in sorted(glob.glob(f"{root}/{folder}/**/*.[ch]", recursive=True)) + files:
                name = os.path.relpath(path, root)
                with open(path, encoding="utf-8") as source:
                    text = without_comments(source.read())
                self.texts[name] = text
                self.lines[name] = text.split("\n")
                self.functions += functions_of(name, text)
        self.here = {(function.file, function.name): function for function in self.functions}
        self.anywhere = {}
        for function in self.functions:
            if not function.static or function.file.endswith(".h"):
                self.anywhere.setdefault(function.name, function)
        self.world = self.only_the_world()

    def find(self, file, name):
        found = self.here.get((file, name)) or self.anywhere.get(name)
        # The product names nothing of the tests.
        return found if found is None or file.startswith("tests/") or not found.file.startswith("tests/") else None

    def named_by(self, function):
        """The functions and tables whose names stand in it: called, or handed to who calls them."""
        found = {self.find(function.file, name) for name in function.names}
        return found - {None, function}

    def reached_from(self, function):
        seen, open_ = {function}, [function]
        while open_:
            for other in self.named_by(open_.pop()) - seen:
                seen.add(other)
                open_.append(other)
        return seen

    # --- failures ------------------------------------------------------------------------------------------

    def only_the_world(self):
        """Functions that fail, but never because of what they are given: no reason of their own, and what they
        call has none. Found from all that report errors by striking out, until nothing more is struck."""
        world = {function for function in self.functions
                 if function.name in OURS or function.reports and not self.own_reason(function)}
        while True:
            keep = {function for function in world
                    if function.name in OURS or all(other in world for other in self.named_by(function) if other.reports)}
            if keep == world:
                break
            world = keep
        while True: # they say only yes or no, and no when one of the above failed
            more = {function for function in self.functions
                    if function not in world and not function.reports and self.is_short(function, world)}
            if not more:
                return world
            world |= more

    def own_reason(self, function):
        """It names a code that is not the world's, passes on one that it was given, or is -1 by itself."""
        text = re.sub(r"error_from_system\([^;]*;", "", function.body)
        codes = [code for code in CODE.findall(text) if not WORLD.fullmatch(code)]
        passed_on = re.search(r'\b(?:error_set|error_fill|problem_set)\(\s*\w+,\s*[^"\s]', text)
        calls = re.search(r"(?:->|\.)\w+\(", function.code)
        if codes or passed_on or calls or "error_failed" in function.code:
            return True
        return any(not self.is_passed_on(function, found.start())
                   for found in re.finditer(r"(?:\breturn|[?:=]) -1\b", function.code))

    def is_passed_on(self, function, at):
        """The -1 after this place is given because of a condition on a call that failed."""
        before = " ".join(function.code[:at + 1].rstrip("r").split())
        block = re.split(r"[{}]", before)[-1]
        if re.search(r"\b(?:error_from_sqlite|error_fill_sqlite|error_out_of_memory)\(", block):
            return True
        last = re.split(r"[;}]|(?<!\)) \{", before)[-1].strip()
        asked = re.match(r"(?:else )?if \((.*)\)(?: \{)?$", last)
        conditions = [asked.group(1)] if asked else re.split(r"[?:]", re.sub(r"^.*?(?:return | = )", "", last))
        return any(condition.strip() and all(any(self.passes_on(function, part) for part in leaf.split("&&"))
                                                for leaf in condition.split("||"))
                   for condition in conditions)

    def passes_on(self, function, leaf, deeper=True):
        """It is the failure of a call that reports its own."""
        leaf = re.sub(r"^(?:return )?[!(\s]*|\s*(?:[!=]=|<) (?:0|NULL|SQLITE_\w+)$", "", " ".join(leaf.split()))
        call = re.match(r"(\w+)\(", leaf)
        if call:
            callee = self.find(function.file, call.group(1))
            return callee.reports if callee else call.group(1) in NULLS | NUMBERS or "sqlite3_" in leaf
        given = re.findall(r"(?<![\w.>])" + re.escape(leaf) + r" \|?= ([^;]*);", function.code)
        return deeper and bool(given) and all(value in ("0", "NULL") or all(
            self.passes_on(function, part, False) for part in re.split(r"\|\||&&", value)) for value in given)

    def is_short(self, function, world):
        self.world = world
        if not (function.kind == "bool" or function.pointer):
            return False
        returns = re.findall(r"\breturn ([^;]*);", function.code)
        plain = [value for value in returns if value in ("false", "NULL")]
        failing = [found.group(1) for found in
                   re.finditer(r"\bif \(([^;{}]*)\)\s*\{?\s*return (?:false|NULL);", function.code)]
        other = [value for value in returns if value not in ("false", "NULL", "true")
                 and not (function.pointer and NAME.fullmatch(value))]
        return bool(failing) and len(plain) == len(failing) and not other and \
            all(self.failing_side(function, leaf) is not None
                for condition in failing for leaf in condition.split("||"))

    def call_fails(self, function, expression):
        """What a call gives when it fails and only the world can make it: "null", "number" or None."""
        call = re.fullmatch(r"(\w+)\((.*)\)", expression, flags=re.S)
        if not call or not balanced(call.group(2)):
            return None
        name = call.group(1)
        if name in NULLS:
            return "null"
        if name in NUMBERS:
            return "number"
        callee = self.find(function.file, name)
        if callee is None or callee not in self.world:
            return None
        return "null" if callee.pointer or callee.kind == "bool" else "number"

    def failing_side(self, function, condition):
        """Whether a condition is true or false when the world has failed; None: it asks something else too."""
        text = " ".join(condition.split())
        negated = False
        while True:
            if text.startswith("(") and text.endswith(")") and balanced(text[1:-1]):
                text = text[1:-1].strip()
            elif text.startswith("!"):
                negated, text = not negated, text[1:]
            else:
                break
        side = self.plain_side(function, text)
        return side if side is None else side != negated

    def plain_side(self, function, text):
        compared = COMPARED.search(text)
        if compared and "sqlite3_" in text.split(compared.group())[0]:
            return compared.group(1) == "!="
        if compared and self.only_sqlite(function, text.split(" ")[0]):
            return compared.group(1) == "!="
        found = re.fullmatch(r"(.*) (==|!=|<) (0|NULL)", text)
        value, operator = (found.group(1), found.group(2)) if found else (text, None)
        assigned = re.fullmatch(r"\((\w+(?:(?:->|\.)\w+|\[[^]]*\])*) = (.*)\)", value)
        kind = self.call_fails(function, assigned.group(2) if assigned else value) or \
            self.variable_fails(function, value)
        if kind is None:
            return None
        failed_when_set = kind == "number"
        if operator is None or operator in ("!=", "<"):
            return failed_when_set
        return not failed_when_set

    def only_sqlite(self, function, name):
        """A variable that is given nothing but what SQLite says of a statement that writes no row, or of a session."""
        given = re.findall(r"(?<![\w.>])" + re.escape(name) + r" = ([^;]*);", function.code)
        return bool(given) and all(re.match(r"SQLITE_OK$|sqlite3(?:session|changeset)?_(?!step)\w+\(", value)
                                   for value in given)

    def variable_fails(self, function, name):
        """A variable that is given nothing but constants and the results of such calls."""
        if not re.fullmatch(r"\w+(?:(?:->|\.)\w+)*", name) or name.isdigit():
            return None
        given = re.findall(r"(?<![\w.>])" + re.escape(name) + r" = ([^;]*);", function.code)
        kinds = set()
        for value in given:
            value = " ".join(value.split())
            if value in ("0", "NULL", "-1", "false"):
                continue
            parts = [part.strip() for part in value.split("||") if part.strip() != name]
            kind = self.call_fails(function, value)
            asked = any(NAME.findall(part)[:1] == [name] for part in parts)
            sides = [] if kind or asked else [self.failing_side(function, part) for part in parts]
            if re.fullmatch(r"[^?]*\? (?:" + RAISED.pattern + r")[^?:]*: 0", value):
                kind = "number"
            if kind is None and sides and all(side is True for side in sides):
                kind = "number"
            kinds.add(kind)
        return kinds.pop() if len(kinds) == 1 else None

    def leads_to_failure(self, function, place, side):
        """Whether the next thing that this outcome of a condition, the last word of its chain, does is to say that the
        world has failed: at once, or through a variable that is made for it."""
        line, last, end = place
        lines = self.lines[function.file]
        behind = "\n".join([lines[last - 1][end - 1:]] + lines[last:last + 5])
        if side:
            pattern = r"(?:\s*\|\|[^;{}?]*?)?\)*\s*(?:\{\s*)?(?:return |\w+ = )?(?:\?\s*)?"
        else:
            pattern = r"(?:\s*&&[^;{}?]*?)?\)*\s*\?[^;?]*?:\s*"
        if re.match(pattern + "(?:" + RAISED.pattern + ")", behind):
            return True
        named = re.search(r"\bbool (\w+) =[^;]*;?\s*$", "\n".join(lines[max(0, line - 3):line]))
        return side and bool(named) and bool(re.search(
            rf"(?:if \({named.group(1)}\)\s*\{{?\s*return |\b{named.group(1)} \? )(?:" + RAISED.pattern + ")",
            function.body))


def balanced(text):
    depth = 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


def functions_of(file, text):
    """Functions, and tables with initial values, of which each begins in the first column."""
    start = r"^(?!typedef|struct \w+ \{|enum|union)[A-Za-z]"
    function = start + r"[^;{}#=]*?\w\([^;{}#=]*\{.*?^\}"
    table = start + r"[^;{}#=]*=\s*\{.*?\};$"
    for found in re.finditer(f"{function}|{table}", text, flags=re.M | re.S):
        head, brace, body = found.group().partition("{")
        yield Function(file, text.count("\n", 0, found.start()) + 1, head, brace + body)
