"""One browser walked by one person after another, and what it costs them: pages, boxes, clicks, keys, files."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Download, Locator, Page

from huzhu.users.models import User

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


class Walk:
    """Counts while it walks; pages are those that opened, so a form that leads on counts once."""

    def __init__(self, page: Page):
        self.page = page
        self.parts: dict[str, Counter[str]] = {}
        self.cost: Counter[str] = Counter()
        page.on("framenavigated", lambda frame: self._count("pages") if frame == page.main_frame else None)

    def _count(self, what: str) -> None:
        self.cost[what] += 1

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What happens inside is the cost of this part."""
        self.cost = self.parts[name] = Counter()
        yield
        self.cost = Counter()

    # ── who sits down ──

    def staff(self, user: User) -> None:
        """Somebody else's machine: nobody is signed in, then this person is."""
        user.set_password(user.name * 4)
        user.save()
        self._another(DESK)
        self.page.goto("/desk/")
        self.fill("登录名", user.username)
        self.fill("密码", user.name * 4)
        self.press_button("登录")

    def phone(self) -> None:
        self._another(PHONE)
        self.page.goto("/my/")

    def _another(self, size: dict[str, int]) -> None:
        self.page.context.clear_cookies()
        self.page.set_viewport_size(size)

    # ── what a hand does ──

    def fill(self, label: str | Locator, text: str) -> None:
        box = (
            label if isinstance(label, Locator) else self.page.locator("main").get_by_label(label, exact=True)
        )
        box.fill(text)
        self._count("boxes")

    def tick(self, label: str) -> None:
        self.page.locator("main").get_by_label(label, exact=True).check()
        self._count("clicks")

    def choose(self, label: str, words: str) -> None:
        self.page.locator("main").get_by_label(label, exact=True).select_option(label=words)
        self._count("clicks")

    def attach(self, box: Locator, name: str, data: bytes, kind: str) -> None:
        box.set_input_files({"name": name, "mimeType": kind, "buffer": data})
        self._count("files")

    def press_button(self, words: str) -> None:
        self._click(self.page.locator("main").get_by_role("button", name=words, exact=True))

    def follow(self, words: str) -> None:
        self._click(self.page.locator("main, nav").get_by_role("link", name=words, exact=True).first)

    def _click(self, target: Locator) -> None:
        with self.page.expect_navigation():
            target.click()
        self._count("clicks")

    def key(self, letter: str) -> None:
        """A key that leads to another page."""
        with self.page.expect_navigation():
            self.look(letter)

    def look(self, letter: str) -> None:
        """A key that stays on the page."""
        self.page.keyboard.press(letter)
        self._count("keys")

    def download(self, words: str) -> bytes:
        with self.page.expect_download() as coming:
            self.page.locator("main").get_by_role("button", name=words).click()
        self._count("clicks")
        found: Download = coming.value
        return found.path().read_bytes()

    # ── what it cost ──

    def told(self, most: dict[str, dict[str, int]]) -> None:
        """Print what every part cost, and hold it against the most it may cost."""
        for name, cost in self.parts.items():
            print(f"{name}: " + ", ".join(f"{count} {what}" for what, count in sorted(cost.items())))
        dearer = {name: dict(cost) for name, cost in self.parts.items() if not cost <= Counter(most[name])}
        assert dearer == {}

    # ── what stands there ──

    @property
    def text(self) -> str:
        return self.page.inner_text("main")

    def fits(self) -> bool:
        return self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
