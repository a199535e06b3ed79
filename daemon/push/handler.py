"""In the process that holds Apprise: one delivery in, what became of it out.

Apart from the daemon because a service that hangs cannot be called off from inside (a thread pool
waits 99 s for it at exit, measured), and because Apprise with all its plugins is 44 MiB that an
idle daemon need not carry.
"""

import difflib
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.manager_plugins import NotificationManager
from apprise.result import AppriseResultStatus

from daemon.push import sanitize
from daemon.push.address import dress, mark, refuse
from daemon.push.classify import classify
from daemon.push.delivery import Delivery, SendOutcome, SendResult
from daemon.worker.serve import Handler

SERVICE_SECONDS = 45.0
WHOLE_SECONDS = 50.0

TYPES = {"critical": NotifyType.FAILURE, "warning": NotifyType.WARNING, "info": NotifyType.INFO}


def start() -> Handler:
    """The handler of `daemon.worker.serve`."""
    log = logging.getLogger("apprise")
    log.addHandler(logging.NullHandler())
    # The reason of a failure stands at DEBUG and nowhere else; it leaves this process judged.
    log.setLevel(logging.DEBUG)
    # All plugins are loaded at the first URL (120 ms): better before the first message.
    Apprise(asset=_asset()).add("json://localhost")
    return lambda request, _data: asdict(serve(request))


def serve(request: Mapping[str, Any]) -> SendResult:
    """One request: `{"check": url}` or the fields of a delivery."""
    try:
        return _check(request["check"]) if "check" in request else _send(request)
    except Exception as error:  # noqa: BLE001 - plugins raise what they like, and their words may hold the URL
        return SendResult(
            outcome=SendOutcome.FAILED, reason=f"the plugin failed with {type(error).__name__}"
        )


def _send(request: Mapping[str, Any]) -> SendResult:
    delivery = Delivery(**request)
    apprise = Apprise(asset=_asset())
    if not apprise.add(dress(delivery)) or len(apprise) != 1:
        return SendResult(
            outcome=SendOutcome.FAILED, reason=f"its URL {_unknown(delivery.url)}", permanent=True
        )
    title = sanitize.title(
        delivery.title, before=mark(delivery.url, delivery.severity), behind=delivery.note
    )
    with apprise.notify(
        title=title,
        body=sanitize.body(delivery.body) or title,  # Apprise refuses an empty body
        body_format=NotifyFormat.TEXT.value,
        notify_type=TYPES[delivery.severity],
        timeout=WHOLE_SECONDS,
        log_level=logging.DEBUG,
    ) as result:
        match result.status:
            case AppriseResultStatus.SUCCESS:
                return SendResult(outcome=SendOutcome.SENT)
            case AppriseResultStatus.NOMATCH:
                return SendResult(
                    outcome=SendOutcome.FAILED,
                    reason=f"its URL {_unknown(delivery.url)}",
                    permanent=True,
                )
            case AppriseResultStatus.TIMEOUT:
                return SendResult(
                    outcome=SendOutcome.UNSURE, reason=f"no answer within {WHOLE_SECONDS:.0f} s"
                )
            case _:
                return classify(entry.message for entry in result.logs())


def _check(url: str) -> SendResult:
    """FAILED with the reason when the URL cannot be used; nothing is sent."""
    apprise = Apprise(asset=_asset())
    delivery = Delivery(target="", url=url, title="", body="", severity="info", key="check")
    known = apprise.add(dress(delivery)) and len(apprise) == 1
    reason = refuse(url) or (None if known else _unknown(url))
    return (
        SendResult(outcome=SendOutcome.FAILED, reason=reason, permanent=True)
        if reason
        else SendResult(outcome=SendOutcome.SENT)
    )


def _unknown(url: str) -> str:
    """Why Apprise takes no such URL; of the URL, only its first word is told."""
    schema = url.partition("://")[0].lower()
    known: set[str] = NotificationManager().schemas()  # type: ignore[no-untyped-call]
    if schema in ("http", "https"):
        return (
            "is a web page that Apprise knows no service for; write the service's own form, such as"
            " ntfys://…"
        )
    if schema in known:
        return f"is no whole {schema}:// URL: a part of it is missing or wrong"
    near = difflib.get_close_matches(schema, known, n=1)
    return f"begins with {schema}://, which Apprise does not know" + (
        f"; did you mean {near[0]}://?" if near else ""
    )


def _asset() -> AppriseAsset:
    """Ours in every message: no foreign name, no picture fetched from elsewhere, no redirect
    followed.
    """
    return AppriseAsset(
        app_id="Orderbell",
        app_desc="Orderbell",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        service_timeout=SERVICE_SECONDS,
    )
