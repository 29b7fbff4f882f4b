"""Scheme text becomes a proved edition: overlays, then declarations, then expressions in order of dependence."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from huzhu.core.hashing import canonical_json
from huzhu.rules import checker, declarations, motion, proofs
from huzhu.rules.edition import (
    ENTRY_GROUPS,
    GROUPS,
    Benefit,
    Cap,
    Check,
    Clause,
    Condition,
    Edition,
    Entry,
    FactDef,
    Key,
    LineDef,
    ParameterDef,
)
from huzhu.rules.fields import Fields, Problems
from huzhu.rules.overlay import Parent, extended, in_variant, supposed
from huzhu.rules.parser import Syntax, parse
from huzhu.rules.problems import SchemeRefused, refuse
from huzhu.rules.scope import Rounding, Scope, known_if
from huzhu.rules.tree import Fact, Line, Node, Paid, Parameter, Passed
from huzhu.rules.units import FLAG, NotAValue, Unit, how_to_write, value_of
from huzhu.rules.yamltext import Mapping, Scalar, plain, read

FORMAT = "huzhu-scheme/1"
# what a term of entry is: the unit and shape of the parameter that holds it
TERMS: dict[str, tuple[Unit, str]] = {
    "ways": (Unit.CODE, "list"),
    "fee": (Unit.MONEY, "one"),
    "individual_fee": (Unit.MONEY, "one"),
    "months": (Unit.COUNT, "one"),
    "shares": (Unit.COUNT, "one"),
    "waiting": (Unit.DAYS, "one"),
    "grace": (Unit.DAYS, "one"),
    "late_window": (Unit.DAYS, "one"),
}
REQUIRED_TERMS = ("ways", "fee", "months")
LATE = {"own": "按自己的起日参加，保障期照满", "group": "保障到单位本期的止日"}
ROUNDINGS = {"四舍五入到分": Rounding(), "舍去到元": Rounding(100, cut=True), "四舍五入到元": Rounding(100)}


def read_edition(
    text: str, file: str, parent: Parent, *, variant: str | None = None, scenario: Mapping | None = None
) -> Edition:
    """A proved edition in one variant (its default where none is named), perhaps as a scenario supposes it to be.

    Raises SchemeRefused with every problem found, and LookupError for a variant the scheme does not have.
    """
    tree, chosen = in_variant(extended(read(text, file), parent), variant)
    tree = supposed(tree, scenario) if scenario else tree
    return _Reading(Fields(tree, "方案"), chosen).edition()


@dataclass(frozen=True, slots=True)
class Glance:
    """What is seen of a file without reading it through: whether it only lends its parts, and whose scheme it is."""

    abstract: bool
    gallery: str  # the place of another office's scheme (about: gallery); "" for the office's own


@lru_cache(maxsize=512)
def glance(text: str, file: str) -> Glance:
    """A first look at a file; raises SchemeRefused where it is no mapping."""
    top = read(text, file)
    about = top.items.get("about")
    return Glance(
        _said(top, "abstract") == "true", _said(about, "gallery") if isinstance(about, Mapping) else ""
    )


def _said(node: Mapping, key: str) -> str:
    found = node.items.get(key)
    return found.text if isinstance(found, Scalar) else ""


@dataclass(slots=True)
class _Reading:
    """One pass over a resolved tree; every dictionary fills from the top of the file down."""

    top: Fields
    chosen: str | None
    problems: Problems = field(default_factory=Problems)
    taken: set[str] = field(default_factory=set)
    clauses: dict[str, Clause] = field(default_factory=dict)
    facts: dict[str, FactDef] = field(default_factory=dict)
    parameters: dict[str, ParameterDef] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    lines: dict[str, LineDef] = field(default_factory=dict)
    names: dict[str, Node] = field(default_factory=dict)
    at_entry: dict[str, Node] = field(default_factory=dict)  # facts that only entry may read
    steady: set[str] = field(default_factory=set)
    rising: dict[str, int] = field(default_factory=dict)
    changing: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    rounding: Rounding = field(default_factory=Rounding)

    def edition(self) -> Edition:
        if self.top.text("format", "") != FORMAT:
            raise refuse(self.top.place, "文件没有写明格式", f"第一行写 format: {FORMAT}")
        if self.top.text("abstract", "false") == "true":
            raise refuse(self.top.place, "这个文件只供别的方案继承，不能单独使用", "检查继承它的方案文件")
        self.declarations()
        self.problems.stop_if_any()
        shared = self.drafts(self.top)
        waits = self.waits(shared)
        self.settle(shared, [name for name in shared.order if not waits[name]], self.scope())
        checks = self.checks()
        benefits = self.benefits(shared, waits)
        caps = self.caps(benefits)
        entry = None
        with self.problems.kept():
            entry = self.entry()
        self.problems.stop_if_any()
        edition = self.assembled(checks, benefits, caps, entry)
        self.top.done()
        proofs.prove(edition)
        return edition

    def assembled(
        self,
        checks: tuple[Check, ...],
        benefits: dict[str, Benefit],
        caps: dict[str, Cap],
        entry: Entry | None,
    ) -> Edition:
        top = self.top
        variants = {name: declarations.variant(name, fields) for name, fields in top.each("variants")}
        about = Fields(top.at("about") or Mapping(top.place), "about")
        resolved = self.resolved()
        return Edition(
            slug=top.text("slug"),
            edition=top.text("edition"),
            title=top.text("title"),
            about={name: about.text(name) for name in about.node.items},
            opens_on=self.day("opens_on"),
            closes_on=self.day("closes_on"),
            version_by=top.text("version_by"),
            order=tuple(scalar.text for scalar in top.texts("order")),
            keys=self.keys,
            clauses=self.clauses,
            facts=self.facts,
            parameters=self.parameters,
            lines=self.lines,
            checks=checks,
            benefits=benefits,
            caps=caps,
            variants=variants,
            variant=variants[self.chosen] if self.chosen else None,
            caution=declarations.caution(top),
            place=top.place,
            resolved=resolved,
            identity=Edition.identity_of(resolved),
            entry=entry,
        )

    def resolved(self) -> str:
        """Canonical text after extends and variant; the variants not chosen leave no trace in it."""
        body = {name: plain(node) for name, node in self.top.node.items.items() if name != "variants"}
        return canonical_json(body | {"variant": self.chosen or ""})

    def day(self, key: str) -> int:
        scalar = self.top.scalar(key)
        try:
            return int(value_of(Unit.DATE, scalar.text)[0])
        except NotAValue as error:
            raise refuse(scalar.place, str(error), how_to_write(Unit.DATE)) from None

    # --- declarations ---

    def declarations(self) -> None:
        top = self.top
        self.rounding = ROUNDINGS[top.one_of("rounding", list(ROUNDINGS), "四舍五入到分")]
        for name, fields in top.each("clauses"):
            with self.problems.kept():
                self.clauses[name] = declarations.clause(name, fields)
        self.read_facts(Fields(top.at("facts") or Mapping(top.place), "facts"))
        for name, fields in top.each("parameters"):
            with self.problems.kept():
                declarations.declare(name, fields.place, self.taken)
                self.parameters[name] = made = declarations.parameter(name, fields)
                if made.shape == "one":
                    self.names[name] = Parameter(made.type, name)
                    self.steady.add(name)
        for name, fields in top.each("keys"):
            with self.problems.kept():
                self.keys[name] = declarations.key(name, fields, self.facts)

    def read_facts(self, groups: Fields) -> None:
        for group in (*GROUPS, *ENTRY_GROUPS):
            for name, fields in groups.each(group):
                with self.problems.kept():
                    declarations.declare(name, fields.place, self.taken)
                    self.facts[name] = made = declarations.fact(name, group, fields)
                    known = self.at_entry if group in ENTRY_GROUPS else self.names
                    known[name] = Fact(made.type, name)
                    if group in {"person", "cover"}:
                        self.steady.add(name)
        groups.done()

    def scope(self) -> Scope:
        tables = {name: made for name, made in self.parameters.items() if made.shape != "one"}
        return Scope(
            names=self.names,
            tables=tables,
            keys=self.keys,
            steady=self.steady,
            rising=self.rising,
            rounding=self.rounding,
            changing=self.changing,
            later=self.later,
        )

    # --- expressions ---

    def drafts(self, fields: Fields) -> "_Drafts":
        """The lines below `fields`, parsed, in order of dependence."""
        drafts = dict(fields.each("lines"))
        parsed: dict[str, Syntax] = {}
        for name, draft in drafts.items():
            with self.problems.kept():
                declarations.declare(name, draft.place, self.taken)
                parsed[name] = parse(draft.scalar("is"))
        return _Drafts(drafts, parsed, tuple(self.dependence(parsed, drafts)))

    def waits(self, shared: "_Drafts") -> dict[str, str]:
        """The last benefit each shared line waits for, because it, or a line it names, reads what was paid."""
        order = ["", *(name for name, _ in self.top.each("benefits"))]
        found: dict[str, int] = {}
        for name in shared.order:
            words = list(_words(shared.parsed[name]))
            found[name] = max(
                [found.get(word, order.index(word) if word in order else 0) for word in words] or [0]
            )
        waiting = {name: order[place] for name, place in found.items()}
        self.later |= {*order[1:], *(name for name, after in waiting.items() if after)}
        return waiting

    def settle(
        self, drafts: "_Drafts", names: Iterable[str], scope: Scope, *, benefit: str = "", after: str = ""
    ) -> None:
        """Checks these drafts and declares them as lines."""
        for name in names:
            words = [word for word in _words(drafts.parsed[name]) if word in drafts.fields]
            self.later.discard(name)
            if all(word in self.names or word in self.later for word in words):
                with self.problems.kept():
                    self.line(name, drafts, scope, benefit=benefit, after=after)
        self.problems.stop_if_any()

    def dependence(self, parsed: dict[str, Syntax], drafts: dict[str, Fields]) -> Iterable[str]:
        graph = {name: [word for word in _words(syntax) if word in parsed] for name, syntax in parsed.items()}
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = error.args[1]
            raise refuse(
                drafts[circle[0]].place, f"几行互相引用成了圈：{' → '.join(circle)}", "断开其中一处引用"
            ) from None

    def line(self, name: str, drafts: "_Drafts", scope: Scope, *, benefit: str, after: str) -> None:
        draft = drafts.fields[name]
        body = checker.check(drafts.parsed[name], scope)
        made = LineDef(name, draft.text("label"), self.clause(draft), body, benefit, draft.place, after)
        draft.done()
        self.lines[name] = made
        self.names[name] = Line(body.type, name)
        if scope.holds_change(body):
            self.changing.add(name)
        self.rising[name] = motion.direction(body, self.rising)
        if motion.is_steady(body, self.steady):
            self.steady.add(name)

    def clause(self, fields: Fields) -> str:
        scalar = fields.scalar("clause")
        if scalar.text not in self.clauses:
            raise refuse(
                scalar.place, f"没有条款“{scalar.text}”", "在 clauses 里写出条款原文和出处，或改成已有的名称"
            )
        return scalar.text

    def checks(self) -> tuple[Check, ...]:
        made: list[Check] = []
        for name, fields in self.top.each("checks"):
            with self.problems.kept():
                test = checker.flag(parse(fields.scalar("is")), self.scope())
                made.append(Check(name, fields.text("label"), test, fields.place))
                fields.done()
        return tuple(made)

    def benefits(self, shared: "_Drafts", waits: dict[str, str]) -> dict[str, Benefit]:
        """Benefits in order; what one pays is a value for those after it, and for the shared lines that wait for it."""
        made: dict[str, Benefit] = {}
        for name, fields in self.top.each("benefits"):
            with self.problems.kept():
                declarations.declare(name, fields.place, self.taken)
                made[name] = self.benefit(name, fields)
                self.later.discard(name)
                self.names[name] = Paid(replace(made[name].pays.type, lo=0), name)
                waiting = [line for line in shared.order if waits[line] == name]
                self.settle(shared, waiting, self.scope(), after=name)
        if not made and not self.problems.found:
            self.problems.add(self.top.place, "方案没有任何保障项目", "在 benefits 下至少写一项")
        return made

    def benefit(self, name: str, fields: Fields) -> Benefit:
        outside = dict(self.names)
        conditions, scope = self.conditions(name, fields, self.scope())
        drafts = self.drafts(fields)
        self.settle(drafts, drafts.order, scope, benefit=name)
        syntax = parse(fields.scalar("pays"))
        pays = checker.payment(syntax, scope)
        made = Benefit(
            name=name,
            label=fields.text("label"),
            clause=self.clause(fields),
            plain=fields.text("plain"),
            conditions=conditions,
            lines=drafts.order,
            pays=pays,
            caution=declarations.caution(fields),
            place=fields.place,
        )
        fields.done()
        for local in drafts.order:
            if local not in outside:
                del self.names[local]
        return made

    def conditions(self, benefit: str, fields: Fields, scope: Scope) -> tuple[tuple[Condition, ...], Scope]:
        """Conditions in order; each may rely on those before it, and its totals count the events that pass them."""
        made: list[Condition] = []
        for name, condition in fields.each("when"):
            one, syntax = self.condition(name, condition, scope)
            made.append(one)
            scope = scope.within(known_if(syntax, truth=True), Passed(FLAG, benefit, len(made)))
        return tuple(made), scope

    def condition(self, name: str, fields: Fields, scope: Scope) -> tuple[Condition, Syntax]:
        syntax = parse(fields.scalar("is"))
        test, advice = checker.flag(syntax, scope), fields.text("advice", "")
        made = Condition(name, fields.text("label"), self.clause(fields), test, advice, fields.place)
        fields.done()
        return made, syntax

    # --- caps over several benefits ---

    def caps(self, benefits: dict[str, Benefit]) -> dict[str, Cap]:
        """Each cap becomes, for each of its benefits, what is left of it: no new kind of step, only totals and change."""
        made: dict[str, Cap] = {}
        for name, fields in self.top.each("caps"):
            with self.problems.kept():
                declarations.declare(name, fields.place, self.taken)
                made[name] = self.cap(name, fields, self.capped(fields, benefits, made))
                fields.done()
        return made

    def capped(self, fields: Fields, benefits: dict[str, Benefit], made: dict[str, Cap]) -> list[str]:
        """The benefits under a cap in the order they are written; each stands under one cap only."""
        named = fields.texts("over")
        for scalar in named:
            if scalar.text not in benefits:
                if self.problems.found:
                    continue  # it may be one that was refused, and has been told
                raise refuse(scalar.place, f"没有“{scalar.text}”这个项目", "可写：" + "、".join(benefits))
            if any(scalar.text in cap.pays for cap in made.values()):
                raise refuse(
                    scalar.place, f"“{scalar.text}”已经在另一个合计封顶里", "一个项目只写在一个合计封顶里"
                )
        return [name for name in benefits if name in {scalar.text for scalar in named}]

    def cap(self, name: str, fields: Fields, over: list[str]) -> Cap:
        """Each benefit pays min(due, max(0, change(min(total of all due, most)) − due of those before it))."""
        most, key = fields.scalar("most"), fields.scalar("key").text
        if not over or key not in self.keys:
            raise refuse(
                fields.place, f"{fields.what}的 over 是空的，或没有口径“{key}”", "写出项目和 keys 里的口径"
            )
        total, pays = f"total({' + '.join(over)}, {key})", {}
        for benefit in over:
            before = "".join(f" - {earlier}" for earlier in over[: over.index(benefit)])
            text = f"min({benefit}, max(0元, change(min({total}, {most.text})){before}))"
            pays[benefit] = checker.payment(parse(Scalar(text, most.place)), self.scope())
        total_node, most_node = (
            checker.check(parse(Scalar(text, most.place)), self.scope()) for text in (total, most.text)
        )
        return Cap(name, fields.text("label"), self.clause(fields), total_node, most_node, pays, fields.place)

    # --- entry ---

    def entry(self) -> Entry | None:
        """Who may join: conditions in the same language, over the facts of joining alone."""
        if (node := self.top.at("entry")) is None:
            return None
        fields = Fields(node, "entry ")
        made = Entry(
            version_by=fields.text("version_by"),
            one_of=fields.text("one_of", ""),
            late=fields.one_of("late", list(LATE), "own"),
            terms=self.terms(Fields(fields.at("terms") or Mapping(fields.place), "entry 的 terms ")),
            conditions=self.conditions("entrant", fields, self.entry_scope("person", "entrant"))[0],
            roster=tuple(self.roster_conditions(fields)),
            place=fields.place,
        )
        fields.done()
        return made

    def entry_scope(self, *groups: str) -> Scope:
        """Parameters and the facts of these groups; no lines and no keys, since nothing is paid and nothing runs on."""
        names = {**self.names, **self.at_entry}
        seen = {
            name: node
            for name, node in names.items()
            if name in self.parameters or (name in self.facts and self.facts[name].group in groups)
        }
        return replace(self.scope(), names=seen, keys={})

    def roster_conditions(self, fields: Fields) -> Iterable[Condition]:
        """Each stands alone: one that only warns must not hide the next."""
        for name, condition in fields.each("roster"):
            with self.problems.kept():
                level = condition.one_of("level", ["must", "warn"], "must")
                yield replace(self.condition(name, condition, self.entry_scope("roster"))[0], level=level)

    def terms(self, fields: Fields) -> dict[str, str]:
        found: dict[str, str] = {}
        for role, (unit, shape) in TERMS.items():
            if fields.at(role) is None:
                continue
            scalar = fields.scalar(role)
            parameter = self.parameters.get(scalar.text)
            if parameter is None or (parameter.type.unit, parameter.shape) != (unit, shape):
                raise refuse(
                    scalar.place,
                    f"{role} 写的“{scalar.text}”不是 unit: {unit}、shape: {shape} 的参数",
                    "在 parameters 里声明它，这里只写名称",
                )
            found[role] = scalar.text
        fields.done()
        if lacking := [role for role in REQUIRED_TERMS if role not in found]:
            raise refuse(
                fields.place, f"entry 的 terms 缺 {'、'.join(lacking)}", "写出参加方式、会费和保障期月数"
            )
        return found


@dataclass(frozen=True, slots=True)
class _Drafts:
    """Lines as they are written: their fields and their expressions, and the order in which they rest on each other."""

    fields: dict[str, Fields]
    parsed: dict[str, Syntax]
    order: tuple[str, ...]


def _words(syntax: Syntax) -> Iterable[str]:
    if syntax.op == "name":
        yield syntax.text
    for arg in syntax.args:
        yield from _words(arg)


__all__ = ["FORMAT", "SchemeRefused", "glance", "read_edition"]
