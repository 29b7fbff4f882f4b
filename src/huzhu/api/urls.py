"""Addresses of the API; every one but the document opens to a token alone, and nothing is kept by caches."""

from functools import wraps
from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from huzhu.api.answers import NOT_FOUND, problem
from huzhu.api.app import made

TOKEN = frozenset({"token"})


def _kept_in_shape(view: Any) -> Any:
    """What the framework answers by itself gets the one shape as well."""

    @csrf_exempt
    @wraps(view)
    def shaped(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if response.status_code == 405:
            allow = response["Allow"]
            response = _said(405, "no_such_method", f"这个地址只能用 {allow}。")
            response["Allow"] = allow
        response["Cache-Control"] = "no-store"
        return response

    shaped.opens_to = TOKEN  # type: ignore[attr-defined]
    return shaped


@csrf_exempt
def nothing_here(_: Any) -> JsonResponse:
    return _said(404, "not_found", NOT_FOUND)


def _said(status: int, code: str, words: str) -> JsonResponse:
    return JsonResponse(problem(code, words), status=status, json_dumps_params={"ensure_ascii": False})


def _opened(pattern: Any) -> Any:
    """The root is only a name, and the document is public: it holds no data."""
    if pattern.name not in {"api-root", "openapi-json"}:
        pattern.callback = _kept_in_shape(pattern.callback)
    return pattern


app_name = "api"
_patterns, _, _ = made().urls
urlpatterns = [*map(_opened, _patterns), re_path(r"^.*$", nothing_here)]
