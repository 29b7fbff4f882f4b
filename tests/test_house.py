"""What an import linter cannot see. Each rule is a function that complains, with a breach shown beside it."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from django.apps import apps
from django.db import models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ModelState, ProjectState
from django.test.utils import isolate_apps
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.utils import translation

from doors import MEMBER, PUBLIC, ROUTES, STAFF, TOKEN
from huzhu.web.access import ROLES

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "src" / "huzhu"
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
# lower rooms have lower numbers; rooms on one floor share theirs
FLOORS = {
    room.strip(): height
    for height, floor in enumerate(reversed(CONTRACT["layers"]))
    for room in floor.split("|")
}
FACES = {"config", "web", "api", "cli"}
EXACT = {"core", "rules"}
WRITES = {
    "save",
    "delete",
    "update",
    "create",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
}
UNTRACKED = {".git", ".venv", ".boot", "var", "build", "dist", "__pycache__", ".hypothesis", "node_modules"}


# ── reading the house ───────────────────────────────────────────────────────────────────────────────


def files(*kinds: str, under: Path = ROOT) -> Iterator[Path]:
    """Files of these kinds, without what git does not keep."""
    for entry in sorted(under.iterdir()):
        if entry.name in UNTRACKED or entry.name.endswith(("_cache", ".egg-info")):
            continue
        if entry.is_dir():
            yield from files(*kinds, under=entry)
        elif not kinds or entry.suffix in kinds:
            yield entry


def room_of(file: Path) -> str:
    return file.relative_to(HOUSE).parts[0]


def modules(*, outside: Iterable[str] = (), inside: Iterable[str] = ()) -> list[Path]:
    """Modules of the rooms, perhaps of all but some, perhaps of some only."""
    rooms = (set(inside) or set(FLOORS)) - set(outside)
    return [file for file in files(".py", under=HOUSE) if room_of(file) in rooms]


def complaints(rule, found: Iterable[Path]) -> list[str]:
    return [f"{file.relative_to(ROOT)}: {said}" for file in found for said in rule(file.read_text())]


def no(found: Iterable[str]) -> None:
    """Fail with every complaint on a line of its own; pytest would show the first only."""
    listed = list(found)
    assert not listed, "\n" + "\n".join(listed)


def nodes(text: str, *kinds: type[ast.AST]) -> Iterator:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds))


# ── rooms and their files ───────────────────────────────────────────────────────────────────────────


def door_plate(text: str) -> list[str]:
    """A room's __init__ is one docstring of three lines: what for, In, Out."""
    tree = ast.parse(text)
    lines = [line for line in (ast.get_docstring(tree) or "").splitlines() if line.strip()]
    wrong = []
    if len(tree.body) != 1:
        wrong.append("holds more than a docstring")
    if len(lines) != 3 or not lines[1].startswith("In: ") or not lines[2].startswith("Out: "):
        wrong.append("the docstring is not three lines: what for, “In: …”, “Out: …”")
    return wrong


def test_every_room_says_what_goes_in_and_out():
    rooms = [HOUSE / room / "__init__.py" for room in FLOORS]
    no(complaints(door_plate, rooms))
    assert door_plate('"""For x.\n\nIn: a.\nOut: b.\n"""') == []
    assert door_plate('"""For x.\n\nIn: a.\nOut: b.\n"""\nimport os') != []
    assert door_plate('"""For x.\n\nIn: a.\n"""') != []


def test_every_folder_is_a_room_and_has_a_floor():
    folders = {entry.name for entry in HOUSE.iterdir() if entry.is_dir()} - UNTRACKED
    assert folders == set(FLOORS)


def vague_name(name: str) -> bool:
    return name in {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}


def test_no_file_is_named_after_nothing():
    assert [file for file in files(".py") if vague_name(file.name)] == []
    assert vague_name("utils.py")


def repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]


def test_every_test_file_has_a_name_of_its_own():
    """The runner imports them by name alone."""
    no(repeated(file.name for file in files(".py", under=ROOT / "tests") if file.name.startswith("test_")))
    assert repeated(["test_a.py", "test_b.py", "test_a.py"]) == ["test_a.py"]


def function_in_tables(text: str) -> list[str]:
    return [
        f"{node.name}() stands beside the tables" for node in ast.parse(text).body if hasattr(node, "args")
    ]


def test_models_hold_tables_only():
    no(complaints(function_in_tables, [file for file in modules() if file.name == "models.py"]))
    assert function_in_tables("def pay(claim): ...") != []
    assert function_in_tables("class Claim:\n    def __str__(self): ...") == []


def writing(text: str) -> list[str]:
    calls = (node for node in nodes(text, ast.Call) if isinstance(node.func, ast.Attribute))
    return [f"line {call.lineno}: .{call.func.attr}()" for call in calls if call.func.attr in WRITES]


def test_queries_do_not_write():
    no(complaints(writing, [file for file in modules() if file.name == "queries.py"]))
    assert writing("claims.filter(paid=False).update(paid=True)") != []


def imported(text: str) -> set[str]:
    """Dotted names a module imports, `from a import b` as a.b."""
    names = {alias.name for node in nodes(text, ast.Import) for alias in node.names}
    return names | {f"{node.module}.{a.name}" for node in nodes(text, ast.ImportFrom) for a in node.names}


def signals(text: str) -> list[str]:
    """Signals of rows, or of our own making; the framework's (settings changed, migrated) are its affair."""
    framework = {f"django.db.models.signals.{when}_migrate" for when in ("pre", "post")}
    hidden = re.compile(r"django\.db\.models\.signals\b|django\.dispatch\.Signal$|django\.dispatch$")
    return [name for name in imported(text) - framework if hidden.match(name)]


def test_no_row_sets_off_hidden_work():
    no(complaints(signals, modules()))
    assert signals("from django.db.models.signals import post_save") != []
    assert signals("from django.db.models import signals") != []
    assert signals("from django.dispatch import Signal") != []
    assert signals("from django.core.signals import setting_changed") == []


def leftmost(node: ast.AST) -> str:
    """The name a chain of calls begins with: Claim in Claim.objects.filter(...).update."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def others_tables(text: str, room: str) -> list[str]:
    """Rows made or changed in a table that was imported from another room."""
    found = (re.fullmatch(r"huzhu\.(\w+)\.models\.([A-Z]\w*)", name) for name in imported(text))
    foreign = {match[2] for match in found if match and match[1] != room}
    calls = [call for call in nodes(text, ast.Call) if leftmost(call.func) in foreign]
    writes = [
        (c.lineno, leftmost(c))
        for c in calls
        if isinstance(c.func, ast.Name) or getattr(c.func, "attr", "") in WRITES
    ]
    inserts = [c for c in nodes(text, ast.Call) if c.args and ast.unparse(c.func).split(".")[-1] == "insert"]
    writes += [(c.lineno, name) for c in inserts if (name := leftmost(c.args[0])) in foreign]
    return [f"line {line}: writes {name}, a table of another room" for line, name in writes]


def test_one_room_writes_a_table():
    for room in FLOORS:
        no(complaints(lambda text, room=room: others_tables(text, room), modules(inside=[room])))
    breach = "from huzhu.claims.models import Claim\nClaim.objects.filter(pk=1).update(paid=True)"
    assert others_tables(breach, "payouts") != []
    assert others_tables(breach, "claims") == []
    breach = "from huzhu.claims.models import Claim\nrows.insert(Claim, NAMES, found)"
    assert others_tables(breach, "payouts") != []
    assert others_tables(breach, "claims") == []
    assert others_tables("from huzhu.claims.models import Claim\nClaim(pk=1)", "payouts") != []
    assert others_tables("from huzhu.claims.models import Claim\nClaim.objects.filter(pk=1)", "payouts") == []


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────


def upward(tables: Iterable[type[models.Model]]) -> list[str]:
    """Foreign keys that do not point down or stay, and tables that are not their room's own."""
    wrong = []
    for table in tables:
        room = table._meta.app_label
        if not table._meta.db_table.startswith(f"{room}_"):
            wrong.append(f"{table.__name__} is kept in {table._meta.db_table}, not in a table of {room}")
        for field in (*table._meta.fields, *table._meta.many_to_many):
            other = field.related_model._meta.app_label if field.is_relation else room
            if other != room and FLOORS.get(other, -1) >= FLOORS[room]:
                wrong.append(f"{table.__name__}.{field.name} points from {room} up to {other}")
    return wrong


def test_foreign_keys_point_down():
    every = apps.get_models(include_auto_created=True)
    no(upward(table for table in every if table._meta.app_label in FLOORS))


@isolate_apps("huzhu.web", "huzhu.db")
def test_a_foreign_key_that_points_up_is_found():
    class Page(models.Model):
        class Meta:
            app_label = "web"

    class Row(models.Model):
        page = models.ForeignKey(Page, on_delete=models.CASCADE)

        class Meta:
            app_label = "db"
            db_table = "web_row"

    assert upward([Page]) == []
    assert len(upward([Row])) == 2


def missing_migrations(before: ProjectState, now: ProjectState, graph: MigrationGraph) -> list[str]:
    # named apps, because a room without any migration would otherwise be passed over in silence
    questioner = MigrationQuestioner(specified_apps=set(FLOORS))
    return sorted(MigrationAutodetector(before, now, questioner).changes(graph=graph))


def test_every_change_of_a_table_has_its_migration():
    loader = MigrationLoader(None)
    with translation.override(None):  # Django's own tables carry labels in the reader's language
        no(missing_migrations(loader.project_state(), ProjectState.from_apps(apps), loader.graph))
    changed = ProjectState()
    changed.add_model(ModelState("db", "Forgotten", [("id", models.BigAutoField(primary_key=True))]))
    assert missing_migrations(ProjectState(), changed, MigrationGraph()) == ["db"]


# ── sizes ───────────────────────────────────────────────────────────────────────────────────────────


def long_functions(text: str) -> list[str]:
    functions = nodes(text, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        f"{f.name} has {f.end_lineno - f.lineno + 1} lines"
        for f in functions
        if f.end_lineno - f.lineno >= 70
    ]


def long_file(text: str) -> list[str]:
    return ["over 500 lines"] if text.count("\n") > 500 else []


def test_functions_and_files_stay_readable():
    code = [
        *files(".py", under=ROOT / "src"),
        *files(".py", under=ROOT / "tests"),
        *files(".py", under=ROOT / "scripts"),
    ]
    no(complaints(long_functions, code))
    no(complaints(long_file, code))
    assert long_functions("def f():\n" + "    x = 1\n" * 70) != []
    assert long_functions("def f():\n" + "    x = 1\n" * 69) == []
    assert long_file("\n" * 501) != []


# ── clock and exactness ─────────────────────────────────────────────────────────────────────────────

CLOCKS = {"now", "utcnow", "today", "localdate", "localtime"}


def clock(text: str) -> list[str]:
    """Reading the time, or letting a column read it: who calls says when."""
    read = [node for node in nodes(text, ast.Attribute) if node.attr in CLOCKS]
    read += [
        node for node in nodes(text, ast.Attribute) if ast.unparse(node) in {"time.time", "time.time_ns"}
    ]
    read += [node for node in nodes(text, ast.keyword) if node.arg in {"auto_now", "auto_now_add"}]
    taken = [name for name in imported(text) if name.rsplit(".", 1)[-1] in CLOCKS or name == "time.time"]
    return [f"line {node.lineno}: {ast.unparse(node)}" for node in read] + taken


def test_nobody_below_the_faces_reads_the_clock():
    no(complaints(clock, modules(outside=FACES)))
    for breach in (
        "timezone.now()",
        "datetime.date.today()",
        "import time\ntime.time()",
        "F(auto_now_add=True)",
    ):
        assert clock(breach) != []
    assert clock("from django.utils.timezone import now") != []


def inexact(text: str) -> list[str]:
    floats = [n for n in nodes(text, ast.Constant) if isinstance(n.value, float)]
    floats += [n for n in nodes(text, ast.Call) if isinstance(n.func, ast.Name) and n.func.id == "float"]
    floats += [n for n in nodes(text, ast.BinOp, ast.AugAssign) if isinstance(n.op, ast.Div)]
    return [f"line {node.lineno}: {ast.unparse(node)}" for node in floats]


def test_core_and_rules_know_no_float():
    no(complaints(inexact, modules(inside=EXACT)))
    for breach in ("rate = 0.5", "float(text)", "half = a / 2", "a /= 2"):
        assert inexact(breach) != []
    assert inexact("half, rest = divmod(a, 2)") == []


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────

FOUND_BY_DJANGO = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}
NAMED = re.compile(r"""["']([\w./-]+\.(?:html|txt))["']""")
# what a browser fetches, as against what a person may click or a comment may mention
FETCHED = re.compile(
    r"""(?:<(?!a\b)[^>]*\b(?:src|srcset|href|action|hx-\w+)\s*=\s*["']?|url\(\s*["']?|@import\s+["']|"""
    r"""(?:fetch|import|importScripts)\(\s*["'`]|\bfrom\s+["'])(?:https?:)?//""",
    re.IGNORECASE,
)


def template_names() -> set[str]:
    folders = [folder for folder in HOUSE.glob("*/templates") if folder.is_dir()]
    return {str(file.relative_to(folder)) for folder in folders for file in files(under=folder)}


def astray(templates: set[str], texts: Iterable[str]) -> list[str]:
    """Templates nobody names, and names of templates that are not there."""
    named = set(chain.from_iterable(NAMED.findall(text) for text in texts))
    unused = [f"{name} is never used" for name in templates - named - FOUND_BY_DJANGO]
    return sorted(unused + [f"{name} does not exist" for name in named - templates if name.endswith(".html")])


def test_every_template_is_used_and_exists():
    sources = [*modules(), *files(".html", ".txt", under=HOUSE)]
    no(astray(template_names(), [file.read_text() for file in sources]))
    assert astray({"web/old.html"}, []) != []
    assert astray(set(), ['render(request, "web/gone.html")']) != []
    assert astray({"web/home.html"}, ["{% extends 'web/home.html' %}"]) == []


def fetched_abroad(text: str) -> list[str]:
    return [match.group()[-60:] for match in FETCHED.finditer(text)]


def test_a_page_fetches_nothing_from_elsewhere():
    no(complaints(fetched_abroad, files(".html", ".css", ".js", ".svg", under=HOUSE)))
    for breach in (
        '<script src="https://example.org/a.js">',
        "<link rel=stylesheet href=//example.org/a.css>",
        "body{background:url(http://example.org/a.png)}",
        "@import 'https://example.org/a.css'",
        "fetch(`https://example.org`)",
    ):
        assert fetched_abroad(breach) != []
    assert fetched_abroad('<svg xmlns="http://www.w3.org/2000/svg"> /* https://example.org/license */') == []
    assert fetched_abroad('<a href="https://example.org/">条款原文</a>') == []


def routes(patterns: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, str]]:
    """Each route, and to whom its view opens by its own word."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, before + str(one.pattern))
        else:
            yield before + str(one.pattern), said(getattr(one.callback, "opens_to", None))


def said(opens_to: frozenset[str] | None) -> str:
    """What access.py wrote on a view, in the words of the table."""
    if opens_to is None:
        return PUBLIC
    if opens_to == frozenset(ROLES):
        return STAFF
    return " ".join(code for code in (*ROLES, MEMBER, TOKEN) if code in opens_to)


def test_every_route_says_who_may_open_it():
    assert dict(routes(get_resolver().url_patterns)) == ROUTES
    assert list(routes([path("a/", str)], "b/")) == [("b/a/", PUBLIC)]


# ── papers ──────────────────────────────────────────────────────────────────────────────────────────


def picture(text: str) -> list[str]:
    """The floors as ARCHITECTURE.md draws them, top first: the indented lines after `src/huzhu/`."""
    _, _, drawing = text.partition("\nsrc/huzhu/")
    floors = []
    for line in drawing.splitlines()[1:]:
        floor = re.match(r" +([a-z]+(?: \| [a-z]+)*)\b", line)
        if not floor:
            break
        floors.append(floor.group(1))
    return floors


def test_the_picture_of_the_house_is_the_contract():
    assert picture((ROOT / "ARCHITECTURE.md").read_text()) == CONTRACT["layers"]
    drawn = "\nsrc/huzhu/\n  web | cli   faces\n  core        pure\ntests/\n"
    assert picture(drawn) == ["web | cli", "core"]


def private_path(text: str) -> list[str]:
    return re.findall(r"(?<![\w.~-])/(?:work|root|home|Users)/\S*", text)


def readable(file: Path) -> bool:
    try:
        file.read_text()
    except UnicodeDecodeError:
        return False
    return True


def test_no_file_knows_the_machine_it_was_written_on():
    no(complaints(private_path, filter(readable, files())))
    for place in ("work", "root", "home"):
        assert private_path(f"cd /{place}/somewhere") != []
