"""One row of a roster as text, and what is wrong with each of its cells."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from huzhu.core.identity import Identity, NotAnIdentity, tidy
from huzhu.members.models import Sex
from huzhu.members.services import NotAnAccount, NotAPhone, account_number, phone_number

LABELS = {
    "name": "姓名",
    "id_number": "身份证号",
    "phone": "手机",
    "sex": "性别",
    "bank_name": "开户行",
    "account": "银行账号",
    "insured": "职工医保",
    "shares": "份数",
}
ASKED = ("insured", "shares")  # columns that only some editions ask for
MOST_SHARES = 100
_INSURED = {
    "yes": {"是", "有", "参加", "已参加", "已参保", "参保", "正常参保", "职工", "职工医保", "职工基本医疗保险", "城镇职工", "√", "Y", "YES"},
    "no": {"否", "无", "没有", "没参加", "未参加", "未参保", "居民", "居民医保", "城乡居民", "城乡居民医保", "新农合", "×", "N", "NO"},
    "unknown": {"", "不清楚", "不知道", "未核对", "待查", "-", "—"},
}  # fmt: skip
INSURED = {word: code for code, words in _INSURED.items() for word in words}
SEXES = dict(Sex.choices)
_NORMAL = re.compile(r"[^\uf900-\ufaff\U0002f800-\U0002fa1f]+")
_DOTS = re.compile(r"[•‧∙⋅・･．﹒]")
_LETTERS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Co"}
_LONGEST = {"name": 40, "sex": 10, "bank_name": 60, "insured": 20, "shares": 6}


@dataclass(slots=True)
class Line:
    """A row's cells as text; `problems` is column → sentence."""

    number: int
    name: str = ""
    id_number: str = ""
    phone: str = ""
    sex: str = ""
    bank_name: str = ""
    account: str = ""
    insured: str = ""
    shares: str = ""
    identity: Identity | None = None
    member_id: Any = None  # of whoever bears the number, once they were looked up
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, number: int, cells: Mapping[str, str], *, starts_on: date) -> Self:
        """Read the cells; whatever is wrong with one is said in `problems`, and nothing is dropped."""
        line = cls(number)
        for column in LABELS:
            setattr(line, column, _trimmed(column, cells.get(column, "")))
        line._read_name()
        line._read_identity(starts_on)
        line._read_phone()
        line._read_account()
        line._read_asked()
        return line

    @property
    def insured_code(self) -> str:
        """yes, no or unknown, as editions ask."""
        return INSURED.get(self.insured.upper(), "unknown")

    @property
    def share_count(self) -> int:
        return int(self.shares or 1)

    def _read_name(self) -> None:
        self.name = name_of(self.name)
        if not self.name:
            self.problems["name"] = "没有填姓名"
        elif len(self.name) > _LONGEST["name"]:
            self.problems["name"] = f"姓名超过 {_LONGEST['name']} 个字，请检查是否填错了列"
        elif "\ufffd" in self.name or "?" in self.name or "？" in self.name:
            self.problems["name"] = "姓名里有没能保存下来的字（显示为问号），请重新输入这个字"
        elif not all(_stands_in_names(letter) for letter in self.name):
            self.problems["name"] = "姓名里有数字或符号，请检查是否填错了列"

    def _read_identity(self, starts_on: date) -> None:
        try:
            self.identity = Identity.read(self.id_number)
        except NotAnIdentity as wrong:
            self.id_number, self.problems["id_number"] = tidy(self.id_number), str(wrong)
            return
        self.id_number = self.identity.number
        if self.identity.born_on > starts_on:
            self.problems["id_number"] = (
                f"出生日期 {self.identity.born_on} 晚于保障起日 {starts_on}，请核对号码"
            )
        elif self.sex and self.sex not in {self.identity.sex, SEXES[self.identity.sex]}:
            self.problems["sex"] = f"性别写的是{self.sex}，身份证号是{SEXES[self.identity.sex]}，请核对"

    def _read_phone(self) -> None:
        if self.phone:
            try:
                self.phone = phone_number(self.phone)
            except NotAPhone as wrong:
                self.problems["phone"] = str(wrong)

    def _read_account(self) -> None:
        if self.account:
            try:
                self.account = account_number(self.account)
            except NotAnAccount as wrong:
                self.problems["account"] = str(wrong)

    @property
    def half_account(self) -> dict[str, str]:
        """What an account still lacks, column → sentence: no reason to stay out, but it cannot be paid to."""
        if self.account and not self.bank_name:
            return {"bank_name": "填了账号，还要填开户行"}
        if self.bank_name and not self.account:
            return {"account": "填了开户行，还要填账号"}
        return {}

    def _read_asked(self) -> None:
        """Blank means that nobody looked, and one share."""
        if self.insured and self.insured.upper() not in INSURED:
            self.problems["insured"] = f"看不懂“{self.insured}”：参加了职工医保的写“是”，没有的写“否”"
        if self.shares:
            count = self.shares.removesuffix("份").strip()
            if count.isascii() and count.isdecimal() and 0 < int(count) <= MOST_SHARES:
                self.shares = str(int(count))
            else:
                self.problems["shares"] = f"份数写的是“{self.shares}”，要写整数，例如 1"


def _trimmed(column: str, text: str) -> str:
    """What the table can hold; a name one letter too long stays too long, so that it is refused."""
    return text.strip()[: _LONGEST.get(column, 80) + (column == "name")]


def name_of(text: str) -> str:
    """Invisible letters and the spaces between Chinese ones go, all middle dots are one; every other letter stays.

    Letters with their marks are composed (NFC), but for the compatibility ideographs, which it would exchange for others.
    """
    text = re.sub(r"[\u200b-\u200f\u202a-\u202e\ufeff\x00-\x1f\x7f]", "", text).strip().strip("\u3000")
    if text.isascii():
        return text
    text = _NORMAL.sub(lambda part: unicodedata.normalize("NFC", part.group()), text)
    return _DOTS.sub("·", re.sub(r"[ \u3000]+", "", text))


def _stands_in_names(letter: str) -> bool:
    """Letters with their marks, the dots and dashes of longer names, and rare letters older fonts keep privately."""
    return unicodedata.category(letter) in _LETTERS or letter in " ·•‧．.-'’"
