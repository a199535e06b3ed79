"""What leaves the ledger as files: orders, events and watches as CSV or JSON Lines, deadlines as a
calendar.
"""

from daemon.files.exports.agenda import calendar
from daemon.files.exports.files import csv_lines, json_lines
from daemon.files.exports.rows import event_row, order_row, watch_row

__all__ = ["calendar", "csv_lines", "event_row", "json_lines", "order_row", "watch_row"]
