"""The working-day calendar, an editable table."""

from django.db import models


class CalendarDay(models.Model):
    """A day that differs from the plain week: a holiday on a weekday, or a weekend day that is worked."""

    day = models.DateField("日期", primary_key=True)
    is_working = models.BooleanField("上班")
    note = models.CharField("说明", max_length=40)

    class Meta:
        verbose_name = verbose_name_plural = "工作日历"

    def __str__(self) -> str:
        return f"{self.day} {'上班' if self.is_working else '休息'}"
