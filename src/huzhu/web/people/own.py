"""What a member changes on the phone: the account with a code, the phone with two, name and number by a request."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from huzhu.claims import queries as claims
from huzhu.core.identity import mask_account, mask_phone
from huzhu.files.contents import NotAccepted
from huzhu.insight import people
from huzhu.members import consents, corrections, queries, services
from huzhu.members.accounts import looks_mistyped
from huzhu.members.codes import WrongCode
from huzhu.web.access import member
from huzhu.web.desks.signing import demo_is_on

SENT = "验证码已经发出，5 分钟内有效。"
NOT_AGAIN = "验证码一分钟内只发一次，请用刚才收到的；没有收到，过一分钟再按“再发一次”。"


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@member
def account(request: Any) -> HttpResponse:
    """The new account typed twice, then confirmed by a code; `claim` says where to go back to."""
    said = {
        name: request.POST.get(name, "").strip()[:60] for name in ("bank_name", "number", "again", "code")
    }
    said["claim"] = _claim(request)
    if request.method != "POST":
        return _account(request, said)
    errors = {} if said["bank_name"] else {"bank_name": "请填开户行，例如“工商银行伊春支行”"}
    try:
        said["number"] = services.check_twice(said["number"], said["again"])
    except services.NotAnAccount as wrong:
        errors["number"] = str(wrong)
    if errors:
        return _account(request, said, errors=errors)
    try:
        if "code" not in request.POST or "resend" in request.POST:
            sent = services.send_account_code(member=request.member, number=said["number"], at=request.now)
            return _account(request, said, step="code", told=SENT if sent else NOT_AGAIN)
        typed = {name: said[name] for name in ("bank_name", "number", "code")}
        services.change_account(member=request.member, **typed, at=request.now)
    except services.NoPhone as none:
        return _account(request, said, error=str(none))
    except WrongCode as wrong:
        return _account(request, said, step="code", error=str(wrong))
    messages.success(request, "新账户已登记。为了您的钱安全，代办处核实、并满 24 小时后开始使用。")
    return _back(request, said["claim"])


def _claim(request: Any) -> str:
    """The member's own claim from which the page was opened; else nothing."""
    wanted = request.POST.get("claim") or request.GET.get("claim") or ""
    return next((str(one.pk) for one in claims.visible_to(request.member) if str(one.pk) == wanted), "")


def _back(request: Any, key: str) -> HttpResponse:
    if not key:
        return redirect("web:me")
    claim = claims.visible_to(request.member).get(pk=key)
    if claim.state == "draft" and claim.channel == "phone":
        return redirect("web:apply-page", claim.pk, 4)
    return redirect("web:my-claim", claim.pk)


def _account(request: Any, said: dict[str, str], *, step: str = "number", **more: Any) -> HttpResponse:
    now = queries.current_account(request.member)
    number = said["number"]
    shown = {
        **said,
        **more,
        "step": step,
        "account": now,
        "account_number": mask_account(now.number) if now else "",
        "grouped": " ".join(number[at : at + 4] for at in range(0, len(number), 4)),
        "mistyped": step == "code" and looks_mistyped(number),
        "phone": mask_phone(request.member.phone or ""),
        "sms": _sms(request.member.phone) if step == "code" else [],
    }
    refused = more.get("error") or more.get("errors")
    return render(request, "web/people/my_account.html", shown, status=422 if refused else 200)


def _sms(*phones: str | None) -> list[tuple[str, str]]:
    """In the demo what stands on these phones' screens, since no message leaves this machine."""
    if not demo_is_on():
        return []
    return [(mask_phone(one), people.newest_message(one)) for one in phones if one]


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@member
def phone(request: Any) -> HttpResponse:
    """The new number, then the codes that came to the old phone and to the new one."""
    said = {name: request.POST.get(name, "").strip()[:20] for name in ("phone", "old_code", "new_code")}
    if request.method != "POST":
        return _phone(request, said)
    try:
        if "old_code" not in request.POST or "resend" in request.POST:
            said["phone"] = services.send_phone_codes(
                member=request.member, phone=said["phone"], at=request.now
            )
            return _phone(
                request, said, step="code", told="两部手机都发了验证码，5 分钟内有效；一分钟内只发一次。"
            )
        services.change_phone(member=request.member, **said, at=request.now)
    except services.NotAPhone as wrong:
        return _phone(request, said, error=f"{wrong}。")
    except WrongCode as wrong:
        return _phone(request, said, step="code", error=str(wrong))
    messages.success(request, "手机号已经换好，下次用新手机号登录。")
    return redirect("web:me")


def _phone(request: Any, said: dict[str, str], *, step: str = "number", **more: Any) -> HttpResponse:
    shown = {
        **said,
        **more,
        "step": step,
        "now": mask_phone(request.member.phone or ""),
        "to": mask_phone(said["phone"]),
        "sms": _sms(request.member.phone, said["phone"]) if step == "code" else [],
    }
    return render(request, "web/people/my_phone.html", shown, status=422 if more.get("error") else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("value")
@member
def correct(request: Any) -> HttpResponse:
    """A request to correct the name or the identity number, with a photograph of the ID card."""
    shown: dict[str, Any] = {"fields": [one for one in corrections.Field.choices if one[0] != "phone"]}
    if request.method == "POST":
        said = {name: request.POST.get(name, "").strip()[:200] for name in ("field", "value", "reason")}
        upload = request.FILES.get("photo")
        try:
            corrections.ask(
                member=request.member,
                photo=(upload.name, upload.read()) if upload else None,
                **said,
                by=request.member,
                at=request.now,
            )
        except (corrections.NotACorrection, NotAccepted) as refused:
            shown |= {**said, "error": str(refused)}
        else:
            messages.success(request, "已经收到。代办处核对、另一个人批准后更正，会发短信告诉您。")
            return redirect("web:me")
    return render(request, "web/people/my_correct.html", shown, status=422 if "error" in shown else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member
def consent(request: Any) -> HttpResponse:
    """The text, whether it was agreed to, and the one button: agree, or take back."""
    error = ""
    if request.method == "POST":
        try:
            if "withdraw" in request.POST:
                consents.withdraw(member=request.member, by=request.member, at=request.now)
                messages.success(request, "已撤回。不再取得您的医保结算数据，已经办结的给付不受影响。")
            else:
                edition = request.POST.get("edition", "")
                consents.agree(member=request.member, edition=edition, at=request.now)
                messages.success(request, "已同意。医保局的结算数据到了，代办处会替您办理，不用再交材料。")
            return redirect("web:me")
        except consents.ConsentRefused as refused:
            error = str(refused)
    now = consents.current(request.member)
    shown = {
        "error": error,
        "consent": now,
        "counts": now is not None and now.edition in consents.TEXTS,
        "edition": consents.EDITION,
        "text": consents.TEXTS[consents.EDITION],
        "history": consents.history(request.member, request.member),
    }
    return render(request, "web/people/my_consent.html", shown, status=422 if error else 200)
