"""Long work: who asked for it, how far it is, which worker holds it."""

from typing import Any, Self

from django.db import models

from huzhu.users.models import Role


class JobRunQuerySet(models.QuerySet["JobRun"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=UNFINISHED)

    def whole(self) -> Self:
        """Without parts of others."""
        return self.filter(part_of=None)


class JobRun(models.Model):
    """One piece of long work. Instants of queue and lease are real time, also where the demo has a date of its own."""

    class State(models.TextChoices):
        WAITING = "waiting", "排队中"
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        FAILED = "failed", "没有完成"
        CANCELLED = "cancelled", "已取消"

    kind = models.CharField("种类", max_length=40)
    about = models.CharField("关于", max_length=60)  # the id of what it works on
    title = models.CharField("事项", max_length=120)
    arguments = models.JSONField("参数", default=dict)  # nothing that must be sealed
    # a part is nobody's to see: any worker may take it, and its run adds it up (working.Work.together)
    part_of = models.ForeignKey(
        "self", models.CASCADE, null=True, related_name="parts", verbose_name="属于哪项任务"
    )
    asked_by = models.ForeignKey(Role, models.PROTECT, related_name="+", verbose_name="提出人")
    asked_at = models.DateTimeField("提出时间")
    address = models.CharField("结果所在页", max_length=200, blank=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.WAITING)
    done_count = models.PositiveIntegerField("已做", default=0)
    total_count = models.PositiveIntegerField("共有", default=0)  # 0: not known yet
    words = models.CharField("说明", max_length=300, blank=True)
    result = models.JSONField("结果", default=dict)
    attempts = models.PositiveSmallIntegerField("第几次", default=0)
    not_before = models.DateTimeField("不早于", null=True)
    worker = models.CharField("执行者", max_length=60, blank=True)
    lease_until = models.DateTimeField("占用到", null=True)
    started_at = models.DateTimeField("开始时间", null=True)
    finished_at = models.DateTimeField("结束时间", null=True)
    cancel_asked = models.BooleanField("要求取消", default=False)

    objects = JobRunQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "后台任务"
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "about"),
                condition=models.Q(state__in=("waiting", "running")),
                name="one_unfinished_run_about_a_thing",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="running") | models.Q(lease_until__isnull=False),
                name="who_runs_holds_a_lease",
            ),
        )
        indexes = (models.Index(fields=("state", "id"), name="the_queue"),)

    def __str__(self) -> str:
        return self.title

    @property
    def is_over(self) -> bool:
        return self.state not in UNFINISHED

    @property
    def percent(self) -> int | None:
        """Whole percent done, or None while nobody knows of how much."""
        return min(100, self.done_count * 100 // self.total_count) if self.total_count else None

    def seconds_left(self, now: Any) -> int | None:
        """A guess from the pace so far, in seconds; None before there is a pace."""
        if not (self.done_count and self.total_count and self.started_at):
            return None
        gone = (now - self.started_at).total_seconds()
        return max(0, round(gone * (self.total_count - self.done_count) / self.done_count))


UNFINISHED = (JobRun.State.WAITING, JobRun.State.RUNNING)


class WorkerBeat(models.Model):
    """A worker says every few seconds that it is there, and on which machine."""

    name = models.CharField("执行者", max_length=60, primary_key=True)
    host = models.CharField("机器", max_length=80)
    seen_at = models.DateTimeField("最近", db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "后台进程"
