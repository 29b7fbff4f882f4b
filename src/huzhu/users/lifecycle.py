"""States of a request for a long export: exits, and who brings it out of each."""

from huzhu.users.models import ExportRequest

EXPORT_REQUEST = {
    ExportRequest.State.WAITING: {
        ExportRequest.State.APPROVED: "另一位同事",
        ExportRequest.State.REFUSED: "另一位同事",
    },
    ExportRequest.State.APPROVED: {
        ExportRequest.State.TAKEN: "申请人",
        ExportRequest.State.LAPSED: "申请人（过了一天再来）",
    },
    ExportRequest.State.REFUSED: {},
    ExportRequest.State.TAKEN: {},
    ExportRequest.State.LAPSED: {},
}
