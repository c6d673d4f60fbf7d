"""What people read has words in both languages: tools/words/{columns,values,errors}.json.

Looks for what the sources can show: parameters, result columns and enumerations of the domain's SQL (which is
run in an empty database), codes and fields of errors in SQL and C. Each needs an entry, each entry must be needed.

A query that makes an enumeration up says so in a comment of its own: `-- Values of kind: reminder, task.`
"""

import json
import re
import sqlite3

FOLDER = "tools/words/"
FILES = ("columns", "values", "errors")
UNIT = re.compile(r"_(minor|bp|at|on|qty|days|id|zh|en|e6)$")
HAN = re.compile(r"[\u3400-\u9fff]")
# Chinese entries without a Chinese character.
NO_HAN = {"QR", "CNY", "USD"}

FUNCTIONS = ("new_id", "now_ms", "today", "actor", "device", "device_code", "has_role", "require", "text_key",
             "mul_div", "fold", "digits", "apply_cell", "search_matches")
# The column in which records hold the codes of a list.
LIST_COLUMNS = {"customer_level": "level", "customer_type": "type", "interaction_outcome": "outcome"}
C_SOURCES = re.compile(r"(?:schema|sync|client-core|server|tools/(?:satchel|satcheld|web))/[^.]*\.c")
CODE = re.compile(r'"([a-z_]+\.[a-z_]+)"')
# Texts of C that look like codes and are none: files, settings, columns, headquarters' own work.
NO_CODES = re.compile(r"(?:app|device)\.key|company\.(?:name|currency)|device\.(?:enrol|revoke)|table\.column|child_table\.user_col|.*\.(?:db|sql|html|js|css|pem|csv|json"
                      r"|txt|toml|conf|last|new|svg|c|h|png|ico)")
TERNARY_KIND = re.compile(r"\.kind = [^;,]*")
RETURNED = re.compile(r"\breturn ([^;]*);")


class Operation:
    """A command or query: its name, where it is, parameters as (name, type), and the columns it returns."""

    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text
        self.name = re.match(r"-- @(?:command|query) (\S+)", text).group(1)
        self.parameters = re.findall(r"^-- @param (\S+) (\S+)", text, re.M)
        self.columns = []

    def last_statement(self):
        code = re.sub(r"^\s*--[^\n]*\n", "", self.text, flags=re.M)
        statements = [part.strip() for part in re.split(r";\s*(?:\n|$)", code) if part.strip()]
        return statements[-1] if statements else ""


def empty_database(texts):
    database = sqlite3.connect(":memory:")
    for name in FUNCTIONS:
        database.create_function(name, -1, lambda *values: None)
    for folder in ("tables", "derived"):
        for path in sorted(texts):
            if path.startswith(f"schema/{folder}/") and path.endswith(".sql"):
                database.executescript(texts[path])
    return database


def operations_of(texts):
    database = empty_database(texts)
    result = []
    for path in sorted(texts):
        if not re.fullmatch(r"schema/(?:commands|queries)/.*\.sql", path):
            continue
        for match in re.finditer(r"^-- @(?:command|query) .*?(?=^-- @(?:command|query) |\Z)", texts[path], re.M | re.S):
            operation = Operation(path, texts[path].count("\n", 0, match.start()) + 1, match.group())
            last = operation.last_statement()
            if re.match(r"(?:select|with)\b", last) and "require(" not in last:
                values = {name: None for name, _ in operation.parameters}
                cursor = database.execute(f"select * from ({last}) limit 0", values)
                operation.columns = [column[0] for column in cursor.description]
            result.append(operation)
    return result


# --- what there is ---------------------------------------------------------------------------------


class Needs:
    """What has to be in a file, by the keys that would do, and where it was seen first."""

    def __init__(self):
        self.all = {name: {} for name in FILES}
        self.allowed = {name: set() for name in FILES}

    def add(self, file, keys, path, line):
        self.all[file].setdefault(tuple(keys), (path, line))


def column_keys(name, owner=""):
    keys = [f"{owner}:{name}"] if owner else []
    return [*keys, name, UNIT.sub("", name)]


def need_operations(needs, operations):
    for operation in operations:
        where = (operation.path, operation.line)
        for name in [name for name, _ in operation.parameters] + operation.columns:
            needs.add("columns", column_keys(name, operation.name), *where)
        for name, kind in operation.parameters:
            for choice in re.findall(r"enum\(([^)]*)\)", kind):
                for value in choice.split("|"):
                    needs.add("values", [f"{name}.{value}"], *where)
        for name, values in re.findall(r"^-- Values of (\w+): (.*)\.$", operation.text, re.M):
            for value in values.split(", "):
                needs.add("values", [f"{name}.{value}"], *where)
        for value, name in re.findall(r"'([a-z_]+)' as (\w+)", operation.text):
            if name in operation.columns:
                needs.add("values", [f"{name}.{value}"], *where)
        for statement in re.findall(r"insert into notice\b[^;]*;", operation.text):
            for kind in re.findall(r"'([a-z_]+\.[a-z_]+)'", statement):
                needs.add("values", [f"kind.{kind}"], *where)


def lines_of(text):
    return enumerate(text.split("\n"), 1)


def need_tables(needs, path, text):
    """Columns as conflicts name them (their group's name, if they have one), and checked choices."""
    table = ""
    for number, line in lines_of(text):
        table = next(iter(re.findall(r"^create table (\w+)", line)), table)
        column = re.match(r"\s+(\w+) .*-- @column", line)
        if not column:
            continue
        group = re.search(r"@group (\w+)", line)
        if not re.search(r"@column 63\b", line):
            needs.add("columns", column_keys(group.group(1) if group else column.group(1), table), path, number)
        for values in re.findall(r"check \(\w+ in \(('[^)]*)\)\)", line):
            for value in re.findall(r"'([^']*)'", values):
                needs.add("values", [f"{column.group(1)}.{value}"], path, number)


def need_seeds(needs, path, text):
    for number, line in lines_of(text):
        for which, code in re.findall(r"text_key\('list/(\w+)/(\w+)'\)", line):
            needs.add("values", [f"{LIST_COLUMNS.get(which, which)}.{code}"], path, number)
        for code in re.findall(r"text_key\('seed/role/(\w+)'\)", line):
            needs.add("values", [f"role.{code}"], path, number)


def need_subjects(needs, path, text):
    for number, line in lines_of(text):
        for subject in re.findall(r"\(\d+, '(\w+)'\)", line):
            needs.add("values", [f"subject.{subject}"], path, number)


def need_codes_of_sql(needs, path, text):
    for match in re.finditer(r"'([a-z_]+\.[a-z_]+)',\s*'(\w*)',", text):
        number = text.count("\n", 0, match.start()) + 1
        needs.add("errors", [match.group(1)], path, number)
        needs.allowed["columns"].update(column_keys(match.group(2)))
    for match in re.finditer(r"^-- @rule (\S+)", text, re.M):
        needs.add("errors", [match.group(1)], path, text.count("\n", 0, match.start()) + 1)


def need_codes_of_c(needs, path, text, names):
    kinds = set()
    for part in TERNARY_KIND.findall(text):
        kinds.update(CODE.findall(part))
    for number, line in lines_of(text):
        for code in CODE.findall(line):
            if code in kinds:
                needs.add("values", [f"kind.{code}"], path, number)
            elif code not in names and not NO_CODES.fullmatch(code):
                needs.add("errors", [code], path, number)
    for field in re.findall(r'"[a-z_]+\.[a-z_]+",\s*"([a-z_]+)"', text):
        needs.allowed["columns"].update(column_keys(field))


def need_returned(needs, path, text, function, name):
    """The texts that a C function returns one of."""
    body = re.search(r"\b" + function + r"\([^)]*\) \{.*?^\}", text, re.M | re.S)
    for result in RETURNED.findall(body.group()) if body else ():
        for value in re.findall(r'"([a-z][a-z _]*)"', result):
            needs.add("values", [f"{name}.{value}"], path, text.count("\n", 0, body.start()) + 1)


def needs_of(texts):
    needs = Needs()
    operations = operations_of(texts)
    names = {operation.name for operation in operations}
    need_operations(needs, operations)
    for path, text in texts.items():
        if path.startswith("schema/tables/"):
            need_tables(needs, path, text)
        elif path.startswith("schema/seed/"):
            need_seeds(needs, path, text)
        elif path.startswith("schema/derived/"):
            need_subjects(needs, path, text)
        if path.startswith(("schema/commands/", "schema/rules/")):
            need_codes_of_sql(needs, path, text)
        if C_SOURCES.fullmatch(path):
            need_codes_of_c(needs, path, text, names)
            need_returned(needs, path, text, "merge_reason_text", "reason")
            need_returned(needs, path, text, "verdict_text", "state")
            need_returned(needs, path, text, "state_of", "state")
    return needs


# --- what is wrong ---------------------------------------------------------------------------------


def check_entries(path, text):
    """The file by itself. Returns its entries, and findings as (line, what)."""
    found = []
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except ValueError as error:
        return {}, [(1, f"no JSON: {error}")]
    keys = [key for key, _ in pairs]
    if keys != sorted(set(keys)):
        found.append((1, "keys stand in order, each once"))
    lines = {key: number for number, line in lines_of(text) for key in re.findall(r'^\s*"([^"]+)":', line)}
    entries = {key: dict(entry) for key, entry in pairs}
    for key, entry in entries.items():
        line = lines.get(key, 1)
        if set(entry) != {"zh", "en"} or not all(isinstance(word, str) and word.strip() for word in entry.values()):
            found.append((line, f"{key}: wants zh and en"))
            continue
        if not HAN.search(entry["zh"]) and entry["zh"] not in NO_HAN:
            found.append((line, f"{key}: zh has no Chinese character"))
        if HAN.search(entry["en"]):
            found.append((line, f"{key}: en has Chinese characters"))
        if re.findall(r"\{(\w*)\}", entry["zh"]) != re.findall(r"\{(\w*)\}", entry["en"]):
            found.append((line, f"{key}: zh and en hold other places to fill"))
        if set(re.findall(r"\{(\w*)\}", entry["zh"])) - ({"field"} if path.endswith("errors.json") else set()):
            found.append((line, f"{key}: nobody fills that place"))
    return entries, found


def check_words(texts):
    """All findings over {path: text}, as (path, line, rule, what)."""
    if not any(path.startswith("schema/queries/") for path in texts):
        return
    needs = needs_of(texts)
    for name in FILES:
        path = f"{FOLDER}{name}.json"
        entries, found = check_entries(path, texts.get(path, "{}"))
        for line, what in found:
            yield path, line, "words", what
        used = needs.allowed[name] & set(entries)
        for keys, (source, line) in sorted(needs.all[name].items(), key=lambda need: (need[1], need[0])):
            present = next((key for key in keys if key in entries), None)
            used.add(present)
            if present is None:
                yield source, line, "words", f"{keys[-1]}: has no entry in {path}"
        for key in sorted(set(entries) - used):
            yield path, 1, "words", f"{key}: nothing needs this entry"
