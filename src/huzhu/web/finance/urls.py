"""Addresses: batches, bank files, the books."""

from django.urls import path

from huzhu.web.finance import bank, batches, books, paying, reconciling, stopping

urlpatterns = [
    path("payouts/", paying.payouts, name="payouts"),
    path("payouts/all/", paying.every, name="every-payout"),
    path("payouts/make/", paying.make, name="batch-make"),
    path("payouts/batches/", batches.batches, name="batches"),
    path("payouts/batches/<int:pk>/", batches.batch, name="batch"),
    path("payouts/batches/<int:pk>/release/", batches.release, name="batch-release"),
    path("payouts/batches/<int:pk>/back/", batches.send_back, name="batch-back"),
    path("payouts/batches/<int:pk>/file/", batches.file, name="batch-file"),
    path("payouts/batches/<int:pk>/reply/", batches.reply, name="batch-reply"),
    path("payouts/batches/<int:pk>/demo-reply/", batches.demo_reply, name="batch-demo-reply"),
    path("payouts/stop/", stopping.stop, name="payouts-stop"),
    path("payouts/stop/<int:pk>/resume/", stopping.resume, name="payouts-resume"),
    path("payouts/<uuid:pk>/", paying.payout, name="payout"),
    path("payouts/<uuid:pk>/again/", paying.again, name="payout-again"),
    path("books/", books.books, name="books"),
    path("books/export/", books.export, name="books-export"),
    path("books/entries/", books.entries, name="books-entries"),
    path("books/vouchers/<str:number>/", books.voucher, name="voucher"),
    path("bank/", bank.bank, name="bank"),
    path("bank/lines/", bank.lines, name="bank-lines"),
    path("bank/accounts/new/", bank.open_account, name="bank-account"),
    path("bank/accounts/<int:pk>/take/", bank.take, name="bank-take"),
    path("reconciliation/", reconciling.reconciliation, name="reconciliation"),
    path("reconciliation/differences/", reconciling.differences, name="differences"),
    path("reconciliation/differences/<int:pk>/explain/", reconciling.explain, name="difference-explain"),
    path("reconciliation/<int:pk>/", reconciling.days, name="reconciled-days"),
    path("reconciliation/<int:pk>/run/", reconciling.run, name="reconcile"),
]
