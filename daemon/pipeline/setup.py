"""What a good configuration comes to: replaced as a whole by a reload, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.settings import Mailbox, Settings, SeverityPolicy, Target
from orders.deadlines import policy as deadlines
from orders.deadlines.policy import Policy
from orders.facts.stake import Worth
from parsers import pack
from parsers.frame import Frame
from parsers.pack import Library
from parsers.user_yaml import Fault
from rules import rulebook
from rules.alert import Severity
from rules.rulebook import Rulebook
from rules.schedule import CHANNELS, Channel, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    library: Library
    rulebook: Rulebook
    policy: Policy
    plan: Plan = field(default_factory=Plan)
    zone: tzinfo
    """The user's."""
    mailboxes: tuple[Mailbox, ...] = ()
    targets: tuple[Target, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Notify groups: name → ids of targets."""
    contact: Mapping[str, str] = field(default_factory=dict)
    rate_limit: int = 20
    all_quiet: bool = False
    """Once a week without any message, say that all is well."""
    packs: Path | None = None
    left_out: tuple[Fault, ...] = ()
    """What is wrong with packs of the user that are not in `library`."""

    def mailbox(self, name: str) -> Mailbox:
        """Raises KeyError when the configuration no longer has it."""
        return {box.id: box for box in self.mailboxes}[name]

    def target(self, name: str) -> Target:
        """Raises KeyError when the configuration no longer has it."""
        return {target.id: target for target in self.targets}[name]

    def target_zone(self, target: Target) -> tzinfo:
        return target.timezone or self.zone

    def reached(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """Ids of the targets in these groups, each once. Who has made no groups at all means every
        target.
        """
        if not self.groups:
            return tuple(target.id for target in self.targets)
        return tuple(dict.fromkeys(name for group in groups for name in self.groups.get(group, ())))

    def frame(self, name: str) -> Frame:
        """How the mails of the mailbox are read."""
        box = self.mailbox(name)
        frame = box.frame(self.zone, self.mailboxes)
        if not box.dkim:
            return frame
        stores = [store for pack in self.library.packs for store in pack.file.stores]
        return replace(frame, dkim=(*stores, *box.relays))


def build(settings: Settings, *, rules: Path | None, packs: Path | None) -> Setup:
    """The set-up of a configuration with the user's rules, and with those packs that are right.
    Raises UserFileError with every fault of a file.
    """
    library, left_out = pack.load_the_right(packs)
    return Setup(
        library=library,
        left_out=left_out,
        rulebook=rulebook.load(rules, settings.notify),
        policy=deadlines.load(settings.policy),
        plan=plan_of(settings),
        zone=settings.timezone,
        mailboxes=settings.mailboxes,
        targets=settings.targets,
        groups=settings.notify,
        contact=settings.contact,
        rate_limit=settings.rate_limit,
        all_quiet=settings.digest.all_quiet,
        packs=packs,
    )


def bare(*, rules: Path | None, packs: Path | None, zone: tzinfo | None = None) -> Setup:
    """The set-up of somebody without a configuration: shipped rules, no target. Raises
    UserFileError.
    """
    zone = zone or ZoneInfo("UTC")
    library, left_out = pack.load_the_right(packs)
    return Setup(
        library=library,
        left_out=left_out,
        rulebook=rulebook.load(rules),
        policy=deadlines.load(),
        plan=Plan(zone=zone, quiet_zone=zone),
        zone=zone,
        packs=packs,
    )


def worth_of(settings: Settings) -> Worth:
    """What money is worth to the user."""
    return Worth(limit=settings.worth_it, rates=settings.rates)


def _channel(one: SeverityPolicy) -> Channel:
    return Channel(notify=one.notify, digest=one.group == "digest", quiet=one.quiet_hours == "hold")


def plan_of(settings: Settings) -> Plan:
    """When and how alerts go out, as the configuration says."""
    written: Mapping[Severity, SeverityPolicy] = {
        Severity.CRITICAL: settings.alerts.critical,
        Severity.WARNING: settings.alerts.warning,
        Severity.INFO: settings.alerts.info,
    }
    quiet = settings.quiet_hours
    return Plan(
        channels={**CHANNELS, **{severity: _channel(one) for severity, one in written.items()}},
        routes=tuple(route.compiled for route in settings.routes),
        quiet_from=quiet.from_ if quiet else None,
        quiet_to=quiet.to if quiet else None,
        quiet_zone=(quiet.timezone if quiet else None) or settings.timezone,
        digest_at=settings.digest.at,
        zone=settings.timezone,
        group_wait=settings.group_wait,
        worth=worth_of(settings),
    )
