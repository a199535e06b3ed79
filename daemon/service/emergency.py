"""What is told past the ledger when the ledger itself fails: title and body by language."""

EMERGENCIES: dict[str, dict[str, tuple[str, str]]] = {
    "full": {
        "en": (
            "Orderbell: the disk is full",
            "New mail waits and nothing is lost. Free some space; the work goes on by itself.",
        ),
        "ja": (
            "Orderbell: ディスクがいっぱいです",
            "新しいメールは待機中で、失われていません。空き容量を作れば自動で再開します。",
        ),
    },
    "io": {
        "en": (
            "Orderbell: the disk fails",
            "The ledger cannot be read or written. Look at this machine's disk.",
        ),
        "ja": (
            "Orderbell: ディスクの異常です",
            "台帳を読み書きできません。このマシンのディスクを確認してください。",
        ),
    },
    "access": {
        "en": (
            "Orderbell: the ledger cannot be written",
            "Check the owner and mode of its file and its folder.",
        ),
        "ja": (
            "Orderbell: 台帳に書き込めません",
            "ファイルとフォルダの所有者と権限を確認してください。",
        ),
    },
    "restored": {
        "en": (
            "Orderbell: the ledger was damaged and restored",
            (
                "The last daily copy is in its place; the mail of 30 days is read again. The"
                " damaged file is kept."
            ),
        ),
        "ja": (
            "Orderbell: 台帳が壊れていたため復元しました",
            "直近の控えに戻し、30日分のメールを読み直します。壊れたファイルは別名で残してあります。",
        ),
    },
    "lost": {
        "en": (
            "Orderbell: the ledger was damaged and begins anew",
            (
                "There was no sound copy. The mail is read again; what was told by hand is lost."
                " The file is kept beside."
            ),
        ),
        "ja": (
            "Orderbell: 台帳が壊れていたため作り直します",
            "使える控えがありませんでした。メールは読み直しますが、手で入れたメモは失われました。",
        ),
    },
}
