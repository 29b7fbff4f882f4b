"""What was done, as people say it: the trail keeps the verb, the page shows the words."""

WORDS = {
    "adjudication.confirm": "复核",
    "adjudication.decide": "核定",
    "adjudication.give_opinion": "给出初审意见",
    "claims.add_kind": "加申请项目",
    "claims.advance": "推进申请",
    "claims.fill": "填写申请",
    "claims.papers_complete": "材料齐全，开始计时",
    "claims.put_paper": "登记材料",
    "claims.put_settlement": "填结算单",
    "claims.read": "查看申请",
    "claims.resume": "材料已补齐",
    "claims.return_for_papers": "退回补正",
    "claims.set_urgent": "设为加急",
    "claims.start": "新建申请",
    "claims.submit": "提交申请",
    "claims.withdraw": "撤回申请",
    "contributions.receive": "登记到账",
    "contributions.split": "设定会费分担",
    "files.store": "存入文件",
    "ledger.export": "导出账目",
    "ledger.post": "记账",
    "members.add_account": "登记收款账户",
    "members.mark_hardship": "登记困难职工",
    "members.register": "登记会员",
    "members.reveal": "查看完整号码",
    "members.sign_in": "会员登录",
    "organisations.add": "增加机构",
    "payouts.apply_reply": "导入银行回盘",
    "payouts.hand_out": "下载代发文件",
    "payouts.make_batch": "制作发放批次",
    "payouts.pay_again": "重新发放",
    "payouts.release": "放行批次",
    "payouts.schedule": "排款",
    "payouts.send_back": "退回批次",
    "rosters.accept": "确认名册",
    "rosters.begin_cover": "保障生效",
    "rosters.cancel": "作废名册",
    "rosters.judge_again": "重新核对名册",
    "rosters.mend": "改正名册",
    "rosters.read": "查看名册号码",
    "rosters.upload": "上传名册",
    "schemes.publish": "公布方案",
    "users.add_user": "增加登录名",
    "users.grant": "授予角色",
    "users.lock": "锁定登录名",
    "users.revoke": "收回角色",
    "users.sign_in": "登录",
}


PURPOSES = {
    "claim": "申请",
    "papers": "补材料",
    "decision": "核定",
    "payout": "发放",
    "sign_in": "登录",
}


def in_words(verb: str) -> str:
    """The words of a verb; a verb without words is shown as it is."""
    return WORDS.get(verb, verb)
