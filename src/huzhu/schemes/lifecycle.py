"""States of a proposal to publish an edition: exits, and who brings it out of each."""

from huzhu.schemes.models import Proposal

PROPOSAL = {
    Proposal.State.WAITING: {
        Proposal.State.PUBLISHED: "第二人",
        Proposal.State.SENT_BACK: "第二人",
        Proposal.State.WITHDRAWN: "提出人",
    },
    Proposal.State.PUBLISHED: {},
    Proposal.State.SENT_BACK: {},
    Proposal.State.WITHDRAWN: {},
}
