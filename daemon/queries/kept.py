"""Evidence as rows: what is kept for an order, what is still wanted, and the zip of it all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from uuid import uuid4

from daemon.evidence.checklist import Checklist, UploadLimit, checklists, item_of, reason_of, ticked
from daemon.evidence.files import EvidenceError, EvidenceFolder, KeptCopy, is_video
from daemon.evidence.pack import PackedFile, pack
from daemon.pipeline.commands import Commands
from daemon.queries.dossier import dossier
from daemon.queries.times import iso
from daemon.store.ledger import Ledger
from orders.event import Event, Source
from orders.facts.view import View
from parsers.notice import Kind, Role, Trust
from parsers.user_yaml import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvidence:
    """The evidence of one order."""

    view: View
    state: Path
    """The state folder."""
    zone: tzinfo
    language: str
    reason: str | None = None
    """As the user says; None: the likeliest."""

    @property
    def folder(self) -> EvidenceFolder:
        return EvidenceFolder(self.state / "evidence", self.view.order.key)

    @property
    def events(self) -> tuple[Event, ...]:
        """Of the files that are kept, oldest first."""
        events = self.view.order.events
        return tuple(event for event in events if event.kind is Kind.EVIDENCE_FILE)

    @property
    def checklist(self) -> Checklist:
        """Raises EvidenceError for an unknown reason."""
        known = checklists().reasons
        name = self.reason or reason_of(self.view)
        if name not in known:
            hint = did_you_mean(name, known) or f"; known are {', '.join(known)}"
            raise EvidenceError(f"no reason {name!r}{hint}")
        return known[name]

    def add(self, commands: Commands, source: Path, item: str | None, now: datetime) -> KeptCopy:
        """Keep the file and note it. Raises EvidenceError and OSError; then nothing is left."""
        checklist = self.checklist
        if item is not None and item not in checklist.items:
            hint = (
                did_you_mean(item, checklist.items) or f"; known are {', '.join(checklist.items)}"
            )
            raise EvidenceError(f"no item {item!r} in the list for {checklist.title.en!r}{hint}")
        known = {str(event.fields["sha256"]): event for event in self.events}
        kept = self.folder.keep(source)
        if kept.sha256 in known:
            was = known[kept.sha256].fields["text"]
            raise EvidenceError(f"{source}: is kept already, as {was}")
        if any(event.fields["text"] == kept.name for event in self.events):
            self.folder.drop(kept.sha256, kept.name)
            raise EvidenceError(f"another file called {kept.name!r} is kept; rename yours first")
        try:
            commands.keep_file(self._event(kept, item or item_of(kept.name, checklist), now))
        except BaseException:
            self.folder.drop(kept.sha256, kept.name)
            raise
        return kept

    def remove(self, commands: Commands, name: str) -> None:
        """Take the note back, then delete the file. Raises EvidenceError."""
        event = next((one for one in self.events if one.fields["text"] == name), None)
        if event is None:
            names = [str(one.fields["text"]) for one in self.events]
            raise EvidenceError(f"no evidence {name!r} is kept{did_you_mean(name, names)}")
        with commands.store.read() as ledger:
            number = ledger.told_of(event.origin)
        if number is not None:
            commands.take_back(number)
        self.folder.drop(str(event.fields["sha256"]), name)

    def warnings(self) -> Iterator[str]:
        """Files that are gone or changed, and those a marketplace would not take."""
        limit = self.limit
        for event in self.events:
            name, digest = str(event.fields["text"]), str(event.fields["sha256"])
            if changed := self.folder.changed(digest, name):
                yield changed
                continue
            size = self.folder.path_of(digest, name).stat().st_size
            if limit and size > most_bytes(limit, name):
                yield (
                    f"{name}: has {size / 1e6:.1f} MB; the form of {self.view.order.marketplace}"
                    f" takes {most_bytes(limit, name) // 1_000_000} MB ({limit.basis})"
                )

    @property
    def limit(self) -> UploadLimit | None:
        return checklists().limits.get(self.view.order.marketplace)

    def rows(self) -> list[dict[str, Any]]:
        return [self._row(event) for event in self.events]

    def wanted(self) -> list[dict[str, Any]]:
        """Each item of the checklist, and whether a file shows it."""
        checklist = self.checklist
        have = ticked(checklist, (str(event.fields.get("what", "")) for event in self.events))
        return [
            {"item": item, "what": checklist.items[item].said(self.language), "kept": kept}
            for item, kept in have.items()
        ]

    def _row(self, event: Event) -> dict[str, Any]:
        name, digest = str(event.fields["text"]), str(event.fields["sha256"])
        path, small = self.folder.path_of(digest, name), self.folder.thumbnail_of(digest)
        return {
            "file": name,
            "item": event.fields.get("what"),
            "at": iso(event.at, self.zone),
            "bytes": path.stat().st_size if path.exists() else None,
            "sha256": digest,
            "path": str(path),
            "thumbnail": str(small) if small.exists() else None,
        }

    def _event(self, kept: KeptCopy, item: str, now: datetime) -> Event:
        order = self.view.order
        return Event(
            origin=f"note:{uuid4().hex}",
            kind=Kind.EVIDENCE_FILE,
            at=now,
            seen=now,
            source=Source.NOTE,
            marketplace=order.marketplace,
            role=Role(order.role),
            trust=Trust.VERIFIED,
            order_numbers=(order.number,),
            fields={"text": kept.name, "sha256": kept.sha256, **({"what": item} if item else {})},
        )


def most_bytes(limit: UploadLimit, name: str) -> int:
    """What the form takes of a file called so."""
    return (limit.video_megabytes if is_video(name) else limit.megabytes) * 1_000_000


def dossier_zip(to: Path, ledger: Ledger, evidence: OrderEvidence, now: datetime) -> dict[str, Any]:
    """The page, the mails it rests on and the evidence as one zip; its manifest. Raises OSError."""
    order = evidence.view.order
    page = dossier(ledger, evidence.view, language=evidence.language, zone=evidence.zone, now=now)
    parts = [
        PackedFile(name=f"dossier-{order.number}.html", content=page.encode(), what="the page"),
        *_mails(ledger, evidence.view),
        *_kept(evidence),
    ]
    return pack(to, order.number, parts, now.astimezone(UTC))


def _mails(ledger: Ledger, view: View) -> Iterator[PackedFile]:
    for number in sorted({event.mail for event in view.order.events if event.mail is not None}):
        raw = ledger.mails.raw(number)
        if raw is not None:
            row = ledger.mails.get(number)
            yield PackedFile(
                name=f"mails/mail-{number}.eml", content=raw, what=row.subject, at=row.arrived
            )


def _kept(evidence: OrderEvidence) -> Iterator[PackedFile]:
    for number, event in enumerate(evidence.events, start=1):
        name = str(event.fields["text"])
        path = evidence.folder.path_of(str(event.fields["sha256"]), name)
        if path.exists():
            yield PackedFile(
                name=f"evidence/{number:02}-{_plain(name)}",
                content=path,
                what=str(event.fields.get("what", "")) or name,
                at=event.at,
            )


def _plain(name: str) -> str:
    """A name that every unzip takes as one file in this folder."""
    return "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in name).lstrip(".")
