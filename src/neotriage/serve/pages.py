"""The workbench's pages. No address holds more than a family's opaque id: what is searched or written comes in a POST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from neotriage.clock import seconds_words
from neotriage.serve.families import Family, Results
from neotriage.serve.guard import REPORT_CSP, Guard
from neotriage.serve.log import Action, Log
from neotriage.serve.search import search
from neotriage.serve.users import COST, Cost, Sessions, Throttle, credential, is_password
from neotriage.serve.worklist import STATEMENT_WORDS, SignedOff, clock_words, worklist

__all__ = ["COOKIE", "workbench"]

COOKIE = "neotriage"
_LONGEST_FORM = 64 * 1024  # bytes
_LONGEST_NOTE = 8000  # characters
_SHOWN_CANDIDATES = 10
_UNKNOWN_USER = ""


@dataclass(frozen=True)
class _Asked:
    """A request that came through: who asks ("" nobody), with which cookie and form."""

    user: str
    cookie: str
    form: Mapping[str, str]
    family_id: str
    now: datetime


class _Refused(Exception):  # noqa: N818 - no error: an answer
    """An answer to a request that cannot be served as asked."""

    def __init__(self, status: int, title: str, text: str) -> None:
        super().__init__(title)
        self.status, self.title, self.text = status, title, text


@dataclass
class _Workbench:
    results: Results
    log: Log
    cost: Cost
    now: Callable[[], datetime]
    sessions: Sessions = field(init=False)
    throttle: Throttle = field(init=False, default_factory=Throttle)
    nobody: str = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.log)
        self.nobody = credential(Sessions.new_cookie(), self.cost)
        self.templates = Environment(
            loader=PackageLoader("neotriage.serve"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters["percent"] = _percent
        self.templates.filters["started"] = _started

    def families(self) -> list[tuple[str, Family]]:
        return [(self.log.family_id(family.name), family) for family in self.results.families()]

    def family(self, family_id: str) -> Family:
        for known, family in self.families():
            if known == family_id:
                return family
        raise _Refused(404, "No such family", "The results folder holds no family of this id.")

    def signed_off(self, families: Sequence[tuple[str, Family]]) -> dict[str, SignedOff]:
        """Opaque id -> state, of the families that somebody has signed."""
        standing = self.log.standing()
        states = {}
        for family_id, family in families:
            if entries := standing.get(family_id):
                digest = self.results.digest(family)
                current = [entry for entry in entries if digest and entry.report == digest]
                shown = current or entries
                states[family_id] = SignedOff(
                    tuple(entry.actor for entry in shown), datetime.fromisoformat(shown[0].at), is_current=bool(current)
                )
        return states

    def page(self, name: str, asked: _Asked, status: int = 200, **values: Any) -> HTMLResponse:
        page = self.templates.get_template(f"{name}.html.j2").render(
            user=asked.user, csrf=self.sessions.csrf_token(asked.cookie), **values
        )
        return HTMLResponse(page, status)

    def is_right(self, user: str, password: str, now: datetime) -> bool:
        """Whether it is the user's password; the time taken does not tell whether there is such a user.

        Raises:
            _Refused: too many wrong ones.
        """
        known = self.log.credential(user)
        name = known[0] if known else _UNKNOWN_USER
        if self.throttle.has_to_wait(name, now):
            raise _Refused(429, "Too many wrong tries", "Wait 15 minutes, then try again.")
        if is_password(password, known[1] if known else self.nobody) and known:
            self.throttle.was_right(name)
            return True
        self.throttle.was_wrong(name, now)
        self.log.append(name, Action.LOGIN_REFUSED, now)
        return False


_Handler = Callable[[_Workbench, _Asked], Response]


def workbench(
    results: Results,
    log: Log,
    hosts: tuple[str, ...],
    *,
    cost: Cost = COST,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ASGIApp:
    """The application.

    Args:
        results: the families.
        log: users, notes, sign-offs.
        hosts: names that a request may ask for the server by.
        cost: scrypt's cost for a name that is not known: that of the users' own credentials.
        now: the clock, with its offset.
    """
    bench = _Workbench(results, log, cost, now)

    def route(path: str, handler: _Handler, method: str = "GET", *, is_open: bool = False) -> Route:
        return Route(path, _endpoint(bench, handler, is_open=is_open), methods=[method])

    family = "/family/{family_id:str}"
    pages = [
        route("/", _show_worklist),
        route("/login", _show_login, is_open=True),
        route("/login", _log_in, "POST", is_open=True),
        route("/logout", _log_out, "POST"),
        route("/search", _show_search),
        route("/search", _search, "POST"),
        route(family, _show_family),
        route(f"{family}/report", _show_report),
        route(f"{family}/note", _write_note, "POST"),
        route(f"{family}/sign-off", _sign_off, "POST"),
        route(f"{family}/withdraw", _withdraw, "POST"),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
    return Guard(Starlette(routes=pages), hosts)


def _endpoint(bench: _Workbench, handler: _Handler, *, is_open: bool) -> Callable[[Request], Any]:
    """The handler behind what every request passes: form and its token, login, cookie."""

    async def endpoint(request: Request) -> Response:
        held = request.cookies.get(COOKIE)
        cookie = held or bench.sessions.new_cookie()
        now = bench.now()
        user = await run_in_threadpool(bench.sessions.user, cookie, now) or ""
        asked = _Asked(user, cookie, {}, request.path_params.get("family_id", ""), now)
        try:
            if request.method == "POST":
                asked = _Asked(user, cookie, await _form(request), asked.family_id, now)
                _check_own_form(bench, request, asked)
            if not user and not is_open:
                return RedirectResponse("/login", 303)
            response = await run_in_threadpool(handler, bench, asked)
        except _Refused as refused:
            response = bench.page("refused", asked, refused.status, title=refused.title, text=refused.text)
        if held is None and COOKIE not in response.headers.get("set-cookie", ""):
            _set_cookie(response, cookie)
        return response

    return endpoint


async def _form(request: Request) -> dict[str, str]:
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > _LONGEST_FORM:
            raise _Refused(413, "Too long", "The form is longer than the workbench takes.")
    try:
        return dict(parse_qsl(content.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=20))
    except ValueError:
        raise _Refused(400, "Not a form", "What was sent is not a form of this page.") from None


def _check_own_form(bench: _Workbench, request: Request, asked: _Asked) -> None:
    """Refuse a form that none of our pages gave to this browser. Browsers say where a form came from in Sec-Fetch-Site."""
    is_ours = bench.sessions.is_csrf_token(asked.cookie, asked.form.get("csrf", ""))
    if not is_ours or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise _Refused(403, "This form is out of date", "Open the page again, then send the form again. Nothing was written.")


def _set_cookie(response: Response, cookie: str) -> None:
    response.set_cookie(COOKIE, cookie, path="/", httponly=True, samesite="strict")


def _show_login(bench: _Workbench, asked: _Asked) -> Response:
    return RedirectResponse("/", 303) if asked.user else bench.page("login", asked, problem="")


def _log_in(bench: _Workbench, asked: _Asked) -> Response:
    name = asked.form.get("name", "").strip()
    if not bench.is_right(name, asked.form.get("password", ""), asked.now):
        return bench.page("login", asked, 403, problem="The name or the password is wrong.")
    bench.sessions.end(asked.cookie)
    cookie = bench.sessions.start(name, asked.now)
    bench.log.append(bench.sessions.user(cookie, asked.now) or name, Action.LOGGED_IN, asked.now)
    response = RedirectResponse("/", 303)
    _set_cookie(response, cookie)
    return response


def _log_out(bench: _Workbench, asked: _Asked) -> Response:
    bench.sessions.end(asked.cookie)
    bench.log.append(asked.user, Action.LOGGED_OUT, asked.now)
    response = RedirectResponse("/login", 303)
    _set_cookie(response, bench.sessions.new_cookie())
    return response


def _show_worklist(bench: _Workbench, asked: _Asked) -> Response:
    families = bench.families()
    to_sign, signed = worklist(families, bench.signed_off(families), asked.now)
    broken = [(family_id, family) for family_id, family in families if family.report is None]
    return bench.page("worklist", asked, to_sign=to_sign, signed=signed, broken=broken)


def _show_search(bench: _Workbench, asked: _Asked) -> Response:
    return bench.page("search", asked, answer=None)


def _search(bench: _Workbench, asked: _Asked) -> Response:
    gene = asked.form.get("gene", "").strip()
    if not gene:
        return bench.page("search", asked, answer=None)
    bench.log.append(asked.user, Action.SEARCHED, asked.now)
    return bench.page("search", asked, answer=search(bench.families(), gene))


def _show_family(bench: _Workbench, asked: _Asked) -> Response:
    family = bench.family(asked.family_id)
    bench.log.append(asked.user, Action.OPENED, asked.now, family=asked.family_id)
    return _family_page(bench, asked, family)


def _family_page(
    bench: _Workbench, asked: _Asked, family: Family, status: int = 200, problem: str = "", kept: str = ""
) -> Response:
    """The family's page; `kept` names the field that gets back what was typed before the problem."""
    state = bench.signed_off([(asked.family_id, family)]).get(asked.family_id, SignedOff())
    standing = bench.log.standing().get(asked.family_id, [])
    report = family.report
    return bench.page(
        "family",
        asked,
        status,
        family_id=asked.family_id,
        family=family,
        report=report,
        statement=STATEMENT_WORDS[report.statement] if report else "",
        candidates=[c for c in report.candidates if c.is_reported][:_SHOWN_CANDIDATES] if report else [],
        clock=clock_words(report, state.at if state.is_done and state.at else asked.now) if report else ("", "", ""),
        stages=[(s.stage, s.jobs, s.started, s.finished, seconds_words(s.wall_s)) for s in bench.results.stages(family.name)],
        digest=bench.results.digest(family),
        state=state,
        has_own=any(entry.actor == asked.user for entry in standing),
        history=bench.log.entries(asked.family_id, (Action.NOTE, Action.SIGNED_OFF, Action.WITHDRAWN)),
        opened=bench.log.entries(asked.family_id, (Action.OPENED_REPORT,)),
        problem=problem,
        typed={kept: asked.form.get("text", "")},
    )


def _show_report(bench: _Workbench, asked: _Asked) -> Response:
    family = bench.family(asked.family_id)
    path = bench.results.page(family.name)
    if not path.is_file():
        raise _Refused(404, "No report page", "The family has no report page; see its line on the worklist.")
    bench.log.append(asked.user, Action.OPENED_REPORT, asked.now, family=asked.family_id)
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": REPORT_CSP})


def _write_note(bench: _Workbench, asked: _Asked) -> Response:
    family, text = bench.family(asked.family_id), _note(asked)
    if not text:
        return _family_page(bench, asked, family, 400, "The note is empty: write it, then save it.")
    bench.log.append(asked.user, Action.NOTE, asked.now, family=asked.family_id, text=text)
    return _back(asked)


def _sign_off(bench: _Workbench, asked: _Asked) -> Response:
    family, text = bench.family(asked.family_id), _note(asked)
    digest = bench.results.digest(family)
    if not digest:
        return _family_page(bench, asked, family, 409, "Not signed off: the report is not whole.")
    if asked.form.get("report", "") != digest:
        return _family_page(
            bench,
            asked,
            family,
            409,
            "Not signed off: the report has changed since you opened this page. Read it again first.",
            "remark",
        )
    if not bench.is_right(asked.user, asked.form.get("password", ""), asked.now):
        return _family_page(bench, asked, family, 403, "Not signed off: the password is wrong.", "remark")
    bench.log.append(asked.user, Action.SIGNED_OFF, asked.now, family=asked.family_id, report=digest, text=text)
    return _back(asked)


def _withdraw(bench: _Workbench, asked: _Asked) -> Response:
    family, text = bench.family(asked.family_id), _note(asked)
    if not any(entry.actor == asked.user for entry in bench.log.standing().get(asked.family_id, [])):
        return _family_page(bench, asked, family, 409, "Nothing to withdraw: no sign-off of yours stands.")
    if not text:
        return _family_page(bench, asked, family, 400, "Not withdrawn: say why.")
    bench.log.append(asked.user, Action.WITHDRAWN, asked.now, family=asked.family_id, text=text)
    return _back(asked)


def _note(asked: _Asked) -> str:
    text = asked.form.get("text", "").replace("\r\n", "\n").strip()
    if len(text) > _LONGEST_NOTE:
        raise _Refused(413, "Too long", f"A note holds {_LONGEST_NOTE} characters at most. Nothing was written.")
    return text


def _back(asked: _Asked) -> Response:
    return RedirectResponse(f"/family/{asked.family_id}#history", 303)


def _started(words: str) -> str:
    """The words with a capital first letter, names within as they are."""
    return words[:1].upper() + words[1:]


def _percent(probability: float) -> str:
    if probability >= 0.9995:
        return "over 99.9 %"
    if probability < 0.001:
        return "under 0.1 %"
    return f"{probability * 100:.1f} %" if probability < 0.1 or probability > 0.99 else f"{probability * 100:.0f} %"
