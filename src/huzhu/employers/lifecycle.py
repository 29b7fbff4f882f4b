"""States of a sheet of earlier insurance statistics: exits, and who brings it out of each."""

from huzhu.employers.models import InsuredSheet

INSURED_SHEET = {
    InsuredSheet.State.STAGED: {
        InsuredSheet.State.ACCEPTED: "导入人",
        InsuredSheet.State.CANCELLED: "导入人",
    },
    InsuredSheet.State.ACCEPTED: {},
    InsuredSheet.State.CANCELLED: {},
}
