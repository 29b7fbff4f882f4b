"""Would the tests notice? Small faults put into `rules` and `batch` one at a time, in memory, and the tests that reach them run.

    .venv/bin/python bench/mutants.py --minutes 10        # goes on where it stopped; any number of times
    .venv/bin/python bench/mutants.py --report            # the score, and every survivor with its place

No file is ever changed: a child process compiles the faulty tree in place of the module. Faults are drawn in an order fixed
by the seed, so that those done are a fair sample of all. What is known lies in var/mutants.json; a function that changes
is drawn anew. Text is left alone (messages, SQL), and so are types and decorators.
"""

import argparse
import ast
import contextlib
import hashlib
import importlib.abc
import importlib.util
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE, STATE = ROOT / "src", ROOT / "var/mutants.json"
ROOMS = ("rules", "batch")
TESTS = ("tests/rules", "tests/batch", "tests/cli/test_batch_verbs.py", "tests/cli/test_authoring.py")
MANY = 60  # tests named one by one; beyond it the whole file runs
LIMIT_CPU_S, LIMIT_S = (
    90,
    900,
)  # for the tests of one file; a fault that runs on is seen, a crowded machine is none

# --- faults ---

SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One change of one node: the number of the node in a walk of the module, and which of its changes."""

    module: str
    key: str
    line: int
    function: str  # the innermost one it stands in
    node: int
    change: int
    says: str


def changes(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], None]]]:
    """What can be made wrong at a node: words for it, and the act on a copy of that node."""
    if isinstance(node, ast.Compare):
        for place, sign in enumerate(node.ops):
            other = SWAPS[type(sign)]
            yield (
                f"{type(sign).__name__} → {other.__name__}",
                lambda n, p=place, o=other: n.ops.__setitem__(p, o()),
            )
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in SWAPS:
        other = SWAPS[type(node.op)]
        yield f"{type(node.op).__name__} → {other.__name__}", lambda n, o=other: setattr(n, "op", o())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} → {not node.value}", lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield f"{node.value} → {node.value + 1}", lambda n: setattr(n, "value", n.value + 1)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield f"{type(node).__name__}: condition turned", lambda n: setattr(n, "test", _turned(n.test))
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield "filter dropped", lambda n: setattr(n, "ifs", [])
    elif isinstance(node, ast.Continue | ast.Break | ast.Raise) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield f"{ast.unparse(node)[:40]} dropped", lambda _: None


def _turned(test: ast.expr) -> ast.expr:
    return (
        test.operand
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        else ast.UnaryOp(ast.Not(), test)
    )


def silent(tree: ast.Module) -> set[int]:
    """Nodes no rule depends on: annotations, and how dataclasses are kept."""
    found: set[int] = set()
    for node in ast.walk(tree):
        for part in (
            getattr(node, "annotation", None),
            getattr(node, "returns", None),
            *getattr(node, "decorator_list", ()),
        ):
            if isinstance(part, ast.AST):
                found |= {id(below) for below in ast.walk(part)}
    return found


def faults_of(module: str) -> list[Fault]:
    """Every fault of a module; a key stays the same while the function it stands in does."""
    tree = ast.parse(path_of(module).read_text(encoding="utf-8"))
    numbers = {id(node): number for number, node in enumerate(ast.walk(tree))}
    skipped, inside, found = silent(tree), functions(tree), []
    for top in tree.body:
        shape, place = hashlib.sha256(ast.dump(top).encode()).hexdigest()[:16], 0
        for node in ast.walk(top):
            for number, (says, _) in enumerate(changes(node)):
                place += 1
                line = getattr(node, "lineno", getattr(getattr(node, "target", None), "lineno", 0))
                fault = Fault(
                    module,
                    f"{module}:{shape}:{place}",
                    line,
                    inside.get(id(node), ""),
                    numbers[id(node)],
                    number,
                    says,
                )
                if id(node) not in skipped:
                    found.append(fault)
    return found


def functions(tree: ast.AST, name: str = "") -> dict[int, str]:
    """Node → the innermost function it stands in, by place; defaults and decorators stand outside."""
    found = {}
    for node in ast.iter_child_nodes(tree):
        found[id(node)] = name
        found |= functions(node, name)
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            body = node.body if isinstance(node.body, list) else [node.body]
            for part in body:
                found |= {id(part): _name(node), **functions(part, _name(node))}
    return found


def _name(node: ast.FunctionDef | ast.Lambda) -> str:
    return f"{node.lineno}:{node.col_offset}"


def faulty(fault: Fault) -> ast.Module:
    """The module's tree with the fault in it."""
    tree = ast.parse(path_of(fault.module).read_text(encoding="utf-8"))
    node = list(ast.walk(tree))[fault.node]
    (_, act) = list(changes(node))[fault.change]
    if isinstance(node, ast.Continue | ast.Break | ast.Raise | ast.Expr):
        for above in ast.walk(tree):
            for block in (getattr(above, name, None) for name in ("body", "orelse", "finalbody")):
                if isinstance(block, list) and node in block:
                    block[block.index(node)] = ast.copy_location(ast.Pass(), node)
    act(node)
    return ast.fix_missing_locations(tree)


def path_of(module: str) -> Path:
    return SOURCE / f"{module.replace('.', '/')}.py"


def modules() -> list[str]:
    return [
        f"huzhu.{room}.{path.stem}"
        for room in ROOMS
        for path in sorted((SOURCE / "huzhu" / room).glob("[!_]*.py"))
    ]


# --- children ---


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads trees of our making where modules are asked for."""

    def __init__(self, trees: Callable[[str], ast.Module | None], **names: object) -> None:
        self.trees, self.names = trees, names

    def find_spec(self, name: str, *_: Any) -> Any:
        if self.trees(name) is None:
            return None
        return importlib.util.spec_from_loader(name, self, origin=str(path_of(name)))

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__.update(self.names)
        tree = self.trees(module.__name__) or ast.Module([], [])
        exec(compile(tree, str(path_of(module.__name__)), "exec"), module.__dict__)  # noqa: S102


def run(words: list[str], *plugins: object) -> int:
    """pytest without Django, in this process."""
    from hypothesis import settings  # noqa: PLC0415

    settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=40, database=None)
    settings.load_profile("mutants")
    without = [word for plugin in ("django", "randomly", "cacheprovider") for word in ("-p", f"no:{plugin}")]
    quiet = [
        "-q",
        "-x",
        "--tb=no",
        "-m",
        "not long",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
        *without,
    ]
    return int(pytest.main([*quiet, f"--confcutdir={ROOT / 'tests/rules'}", *words], plugins=list(plugins)))


def child(act: Callable[[], int], limit_s: float, cpu_s: int) -> int:
    """The exit status of the act in a forked process; below zero where it ran on, and was ended."""
    pid = os.fork()
    if pid == 0:
        status = 99
        with contextlib.suppress(BaseException):
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
            status = act()
        os._exit(status)
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -1


# --- which test reaches which function ---


class Telling(ast.NodeTransformer):
    """Makes every function say that it was reached."""

    def __init__(self, module: str) -> None:
        self.module = module

    def told(self, node: ast.FunctionDef | ast.Lambda) -> ast.Call:
        return ast.Call(ast.Name("_reached", ast.Load()), [ast.Constant(f"{self.module}:{_name(node)}")], [])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        call = ast.Expr(self.told(node))
        self.generic_visit(node)
        node.body.insert(1 if ast.get_docstring(node) else 0, call)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        call = self.told(node)
        self.generic_visit(node)
        node.body = ast.Subscript(ast.Tuple([call, node.body], ast.Load()), ast.Constant(1), ast.Load())
        return node


class Reached:
    """Notes the functions of our rooms that run, by test; at import, under the name of the file."""

    def __init__(self, name: str) -> None:
        self.found: dict[str, set[str]] = {}
        self.seconds: dict[str, float] = {}
        self.now = self.found.setdefault(name, set())

    def note(self, function: str) -> None:
        self.now.add(function)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        before, self.now = self.now, self.found.setdefault(item.nodeid, set())
        started = time.monotonic()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid], self.now = time.monotonic() - started, before


def mapped(path: str, target: Path) -> int:
    """Runs a test file with telling modules and writes {test: [seconds, functions]}."""
    reached, ours = Reached(path), set(modules())

    def telling(name: str) -> ast.Module | None:
        if name not in ours:
            return None
        return ast.fix_missing_locations(
            Telling(name).visit(ast.parse(path_of(name).read_text(encoding="utf-8")))
        )

    sys.meta_path.insert(0, Finder(telling, _reached=reached.note))
    status = run([path], reached)
    told = {test: [reached.seconds.get(test, 0.0), sorted(names)] for test, names in reached.found.items()}
    target.write_text(json.dumps(told))
    return status


def test_files() -> list[str]:
    paths = [
        path
        for name in TESTS
        for path in ([ROOT / name] if name.endswith(".py") else sorted((ROOT / name).glob("test_*.py")))
    ]
    return [str(path.relative_to(ROOT)) for path in paths]


def reach() -> dict[str, dict[str, Any]]:
    """Test file → what its tests reach; made anew for a file where it or the rooms have changed."""
    rooms = b"".join(path_of(module).read_bytes() for module in modules())
    found = {}
    for name in test_files():
        stamp = hashlib.sha256(rooms + (ROOT / name).read_bytes()).hexdigest()[:16]
        kept = STATE.parent / f"mutants-reach/{Path(name).stem}-{stamp}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            for old in kept.parent.glob(f"{Path(name).stem}-????????????????.json"):
                old.unlink()
            status = child(lambda name=name, kept=kept: mapped(name, kept), 1800, 900)
            if status not in {0, 5}:  # 5: all its tests are long ones
                raise SystemExit(f"{name}: fails without a fault ({status})")
            print(f"{name}: reach noted", flush=True)
        found[name] = json.loads(kept.read_text())
    return found


# --- one fault after the other ---


def judged(fault: Fault, reached: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """(killed, survived, unreached), and the test file that killed it; quick files go first."""
    place, waiting = f"{fault.module}:{fault.function}", []
    for name, tests in reached.items():
        always = not fault.function or place in tests[name][1]  # at import
        hit = [test for test, (_, names) in tests.items() if test != name and (always or place in names)]
        if hit:
            waiting.append((sum(tests[test][0] for test in hit), name, hit))
    for _, name, hit in sorted(waiting):

        def act(name: str = name, hit: list[str] = hit) -> int:
            tree = faulty(fault)
            sys.meta_path.insert(0, Finder(lambda asked: tree if asked == fault.module else None))
            return run([name] if len(hit) > MANY else hit)

        if status := child(act, LIMIT_S, LIMIT_CPU_S):
            return "killed", name if status > 0 else f"{name} (it ran on)"
    return ("survived", "") if waiting else ("unreached", "")


def drawn(seed: str) -> list[Fault]:
    every = [fault for module in modules() for fault in faults_of(module)]
    return sorted(every, key=lambda fault: hashlib.sha256(f"{seed}:{fault.key}".encode()).digest())


def report(order: list[Fault], known: dict[str, Any]) -> None:
    """The score by room, and each survivor."""
    for room in ROOMS:
        here = [fault for fault in order if fault.module.startswith(f"huzhu.{room}.")]
        told = [known[fault.key]["what"] for fault in here if fault.key in known]
        killed = told.count("killed")
        share = f"{100 * killed / len(told):.1f} %" if told else "–"
        print(f"{room}: {len(told)} of {len(here)} faults tried, {killed} killed ({share})")
    for fault in sorted(order, key=lambda fault: (fault.module, fault.line)):
        if (what := known.get(fault.key, {}).get("what", "killed")) != "killed":
            print(f"{fault.module.removeprefix('huzhu.')}:{fault.line}: {fault.says} ({what})")


def main() -> int:
    """Tries faults until the time is up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--report", action="store_true", help="only tell what is known")
    parser.add_argument("--again", action="store_true", help="try the survivors again, after new tests")
    asked = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(SOURCE), str(ROOT / "tests")]
    order = drawn(asked.seed)
    known: dict[str, Any] = json.loads(STATE.read_text()) if STATE.exists() else {}
    if not asked.report:
        end, reached = time.monotonic() + 60 * asked.minutes, reach()
        for fault in order:
            before = known.get(fault.key, {}).get("what")
            if time.monotonic() > end:
                break
            if before is None or (asked.again and before != "killed"):
                started = time.monotonic()
                what, by = judged(fault, reached)
                known[fault.key] = {"what": what, "by": by, "seconds": round(time.monotonic() - started, 1)}
                partial = STATE.with_suffix(".partial")
                partial.write_text(json.dumps(known, indent=0))
                partial.replace(STATE)
    report(order, known)
    return 0


if __name__ == "__main__":
    sys.exit(main())
