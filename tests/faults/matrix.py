"""The 26 faults, and the tests that bring each of them about: `python -m tests.faults.report`
counts and tells.
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAILBOX = "tests/daemon/mailbox"
STORE = "tests/daemon/store/test_store.py"
CRASH = "tests/daemon/pipeline/test_crash.py"
INTAKE = "tests/daemon/pipeline/test_intake.py"
SERVICE = "tests/daemon/service/test_service.py"
FAULTS = "tests/faults"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    number: int
    fault: str
    holds: str
    tests: tuple[str, ...]
    """`file::function`, with all its parameters; a file alone is all its tests."""


def _row(number: int, fault: str, holds: str, *tests: str) -> Row:
    return Row(number=number, fault=fault, holds=holds, tests=tests)


ROWS = (
    _row(
        1,
        "kill -9 at any step",
        "nothing lost; a second run changes nothing",
        f"{FAULTS}/test_killed_service.py",
        f"{CRASH}::test_killed_at_any_step_nothing_is_lost",
        f"{CRASH}::test_a_second_run_finds_nothing_to_do",
        "tests/daemon/push/test_notifier.py::test_a_daemon_that_is_killed_leaves_no_process_behind",
    ),
    _row(
        2,
        "a call to SQLite fails (IOERR, FULL, BUSY)",
        "all or nothing; tried again calmly",
        f"{STORE}::test_a_failing_call_leaves_all_or_nothing",
        f"{CRASH}::test_a_disk_that_fails_at_any_call_loses_nothing",
        f"{FAULTS}/test_disk.py::test_a_ledger_that_fails_for_a_while_is_tried_calmly_and_loses_nothing",
    ),
    _row(
        3,
        "the disk is full",
        "told past the ledger; goes on alone when space returns",
        f"{STORE}::test_a_full_disk_keeps_what_was_there_and_recovers_alone",
        f"{FAULTS}/test_disk.py::test_a_full_disk_is_told_and_the_mail_waits_until_there_is_space",
    ),
    _row(
        4,
        "the database is damaged, its log cut, or another program's",
        "set aside, restored, read again silently",
        f"{STORE}::test_damage_anywhere_in_the_file_ends_in_a_ledger_that_works",
        f"{STORE}::test_a_file_that_is_no_database_is_set_aside_and_the_last_copy_restored",
        f"{STORE}::test_without_any_copy_a_broken_ledger_starts_anew",
        f"{STORE}::test_the_database_of_another_program_is_refused_and_left_alone",
        f"{SERVICE}::test_a_damaged_ledger_is_replaced_while_the_service_runs",
        f"{FAULTS}/test_disk.py::test_a_damaged_ledger_is_restored_and_the_mail_read_again_without_a_word",
    ),
    _row(
        5,
        "the session is cut at any byte",
        "reconnects; nothing lost, nothing repeated",
        f"{MAILBOX}/test_faults.py::test_a_session_cut_at_any_byte_loses_no_mail_and_repeats_none",
    ),
    _row(
        6,
        "odd answers to every command",
        "an error of the mailbox at most; nothing lost",
        f"{MAILBOX}/test_faults.py::test_an_odd_answer_once_is_a_mailbox_error_at_most_and_loses_nothing",
        f"{MAILBOX}/test_faults.py::test_an_answer_with_spoiled_bytes_is_a_mailbox_error_at_most",
        f"{MAILBOX}/test_mails.py::test_a_mail_whose_body_the_server_never_gives_is_told_as_missing_and_hides_no_other",
        f"{MAILBOX}/test_mails.py::test_a_mail_the_server_refuses_to_show_hides_no_other",
    ),
    _row(
        7,
        "IDLE: split lines, same segment, EXISTS before +",
        "heard at once",
        f"{MAILBOX}/test_idle.py::test_mail_told_around_the_plus_is_heard",
        f"{MAILBOX}/test_idle.py::test_a_line_split_over_packets_is_heard_once_it_is_whole",
        f"{MAILBOX}/test_faults.py::test_answers_split_at_every_byte_are_understood",
        f"{MAILBOX}/test_login.py::test_idle_over_tls_hears_what_is_already_decrypted",
        f"{MAILBOX}/test_dovecot.py::test_mail_between_the_poll_and_the_idle_is_not_missed",
    ),
    _row(
        8,
        "a dead link that says nothing",
        "noticed at the end of the IDLE at the latest",
        f"{MAILBOX}/test_idle.py::test_a_dead_link_is_noticed_at_the_end_of_the_idle",
        f"{MAILBOX}/test_idle.py::test_a_server_that_hangs_up_while_idling_is_noticed_at_once",
    ),
    _row(
        9,
        "drip, stall, a literal of 4 GB, a line of 17 MB",
        "a deadline ends it; no memory taken",
        f"{MAILBOX}/test_faults.py::test_a_dripping_server_is_cut_off_by_the_deadline_of_the_command",
        f"{MAILBOX}/test_faults.py::test_a_silent_server_is_given_up",
        f"{MAILBOX}/test_faults.py::test_a_server_that_never_greets_is_given_up",
        f"{MAILBOX}/test_faults.py::test_a_literal_of_four_gigabytes_is_refused_without_taking_memory",
        f"{MAILBOX}/test_faults.py::test_a_line_of_two_megabytes_is_read_and_one_of_seventeen_refused",
    ),
    _row(
        10,
        "TLS: unknown, expired or foreign certificate, old TLS, STARTTLS stripped or injected",
        "refused, and no login sent",
        f"{MAILBOX}/test_login.py::test_a_bad_certificate_is_refused_and_no_login_sent",
        f"{MAILBOX}/test_login.py::test_old_tls_is_refused",
        f"{MAILBOX}/test_login.py::test_starttls_stripped_on_the_way_sends_no_password",
        f"{MAILBOX}/test_login.py::test_text_slipped_in_behind_starttls_is_refused",
        f"{MAILBOX}/test_login.py::test_a_greeting_that_skips_the_encryption_is_refused",
    ),
    _row(
        11,
        "UIDVALIDITY changes, goes, or is another in each session",
        "no mail lost, no alert again",
        f"{MAILBOX}/test_dovecot.py::test_a_new_uidvalidity_is_told_before_any_mail_and_all_is_read_anew",
        f"{MAILBOX}/test_mails.py::test_a_server_without_uidvalidity_is_read_once_all_the_same",
        f"{MAILBOX}/test_mails.py::test_going_backwards_without_uidvalidity_counts_as_a_reset",
        f"{SERVICE}::test_renumbered_mail_is_no_news",
        f"{FAULTS}/test_numbers.py",
    ),
    _row(
        12,
        "expunged before the fetch, visible late, moved",
        "gone is noted; found by the rescan; one event",
        f"{MAILBOX}/test_mails.py::test_a_mail_expunged_between_search_and_fetch_is_gone",
        f"{MAILBOX}/test_mails.py::test_a_late_visible_uid_is_found_by_the_rescan",
        f"{INTAKE}::test_the_same_mail_in_two_folders_is_one_event",
        f"{MAILBOX}/test_dovecot.py::test_the_rescan_brings_what_is_not_on_record",
    ),
    _row(
        13,
        "the server restarts, or is away for two minutes",
        "back within a minute, with all mails",
        f"{MAILBOX}/test_soak.py::test_a_server_stopped_so_long_is_read_again_within_a_minute",
        f"{MAILBOX}/test_dovecot.py::test_a_server_that_goes_away_while_idling_is_noticed_and_found_again",
        f"{SERVICE}::test_the_server_may_be_away_for_a_while",
    ),
    _row(
        14,
        "logins refused for many reasons",
        "told apart; no account locked by trying",
        f"{MAILBOX}/test_login.py::test_refused_logins_are_told_apart",
        f"{MAILBOX}/test_errors.py::test_an_account_is_not_locked_by_trying",
        f"{MAILBOX}/test_login.py::test_a_token_logs_in_and_an_expired_one_is_told_as_such",
        f"{MAILBOX}/test_oauth.py::test_a_token_the_server_refused_is_replaced_although_it_is_young",
        f"{SERVICE}::test_a_wrong_password_is_told_and_not_tried_fast",
    ),
    _row(
        15,
        "10,000 mails at once; 160,000 in the mailbox",
        "all of them; the first run is silent",
        f"{MAILBOX}/test_dovecot.py::test_a_burst_of_ten_thousand_mails_while_idling_is_read_whole",
        f"{SERVICE}::test_the_first_run_is_silent_and_ends_in_one_message",
        f"{INTAKE}::test_a_first_run_that_was_cut_off_still_says_one_thing",
    ),
    _row(
        16,
        "the clock jumps, summer time, another zone, suspend",
        "no alert lost or doubled; polling goes on",
        f"{FAULTS}/test_clock.py",
        "tests/rules/test_lifecycle.py::test_a_daemon_that_was_away_repeats_once_not_for_every_time_it_missed",
        "tests/rules/test_lifecycle.py::test_a_clock_is_met_although_the_zone_skips_it",
    ),
    _row(
        17,
        "a push service down for hours, impatient, hanging, dripping, cutting",
        "late, not lost; the others not held up",
        "tests/daemon/pipeline/test_outage.py",
        "tests/daemon/push/test_notifier.py::test_an_answer_tells_sent_failed_and_unsure_apart",
        "tests/daemon/push/test_notifier.py::test_a_service_that_never_ends_is_left_at_the_deadline_with_no_process_behind",
        "tests/daemon/push/test_notifier.py::test_a_host_that_is_not_there_is_a_plain_failure",
        "tests/daemon/push/test_notifier.py::test_a_dead_service_holds_back_no_other",
        f"{SERVICE}::test_a_lost_answer_is_repeated_once_and_marked",
    ),
    _row(
        18,
        "mails wounded at random",
        "a typed result, soon, and nothing in the log",
        f"{FAULTS}/test_hostile_mail.py::test_a_wounded_mail_is_read_refused_or_not_understood",
        f"{FAULTS}/test_hostile_mail.py::test_the_reading_process_writes_no_word_of_a_mail_anywhere",
        "tests/parsers/test_reader.py::test_any_bytes_have_an_outcome",
        "tests/parsers/test_reader.py::test_a_damaged_mail_never_crashes_the_reader",
        "tests/parsers/test_mail.py::test_a_bomb_is_refused_before_it_is_parsed",
    ),
    _row(
        19,
        "HTML that no parser survives",
        "refused or read within seconds",
        f"{FAULTS}/test_hostile_mail.py::test_a_bomb_costs_neither_time_nor_memory",
        "tests/parsers/test_mail.py::test_html_nobody_should_parse_is_not_parsed",
        "tests/parsers/test_mail.py::test_deeply_nested_html_is_read_without_recursion",
    ),
    _row(
        20,
        "a mail of 100 MB, packed bombs, thousands of parts",
        "its beginning is fetched; nothing attached is opened",
        f"{FAULTS}/test_hostile_mail.py::test_an_attached_archive_is_never_opened_and_the_mail_around_it_is_read",
        f"{MAILBOX}/test_dovecot.py::test_a_mail_over_eight_megabytes_is_read_from_its_beginning",
        f"{INTAKE}::test_a_bomb_is_set_aside_without_being_read",
        f"{INTAKE}::test_a_mail_that_kills_its_reader_twice_is_set_aside_and_told",
    ),
    _row(
        21,
        "charsets that are wrong, unknown or no charset",
        "text that any database and JSON take",
        f"{FAULTS}/test_hostile_mail.py::test_any_charset_becomes_text_that_every_database_takes",
    ),
    _row(
        22,
        "text that would act in a push",
        "one clean line, cut",
        "tests/daemon/push/test_recorded.py::test_every_service_gets_one_request_with_nothing_in_it_that_acts",
        "tests/daemon/push/test_sanitize.py",
        "tests/daemon/push/test_sanitized.py",
    ),
    _row(
        23,
        "forged senders",
        "no order touched, no link shown",
        f"{FAULTS}/test_spoofs.py",
        "tests/parsers/test_mail.py::test_only_the_providers_own_word_counts",
        "tests/parsers/test_mail.py::test_a_stranger_who_looks_like_a_shop_claims_it",
    ),
    _row(
        24,
        "rules and other files as bombs",
        "refused with its line, soon",
        f"{FAULTS}/test_written_bombs.py",
        "tests/parsers/test_written.py::test_what_no_person_wrote_is_refused",
    ),
    _row(
        25,
        "SIGTERM, SIGINT, SIGHUP in every phase; a second start",
        "ended within ten seconds; refused",
        f"{FAULTS}/test_signals.py",
        f"{STORE}::test_a_second_instance_is_refused_in_one_sentence",
        "tests/daemon/cli/test_wrong_input.py::test_a_second_instance_on_one_ledger_is_refused",
    ),
    _row(
        26,
        "24 hours of all this",
        "nothing lost, repeats only where an answer was lost, no growth",
        f"{FAULTS}/test_simulated_day.py",
        f"{MAILBOX}/test_soak.py::test_random_faults_lose_no_mail_repeat_none_and_leave_nothing_behind",
    ),
)
