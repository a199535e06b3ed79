"""HTML as a person at a desk sees it: what is hidden, what is one line, what stands beside what."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.grid import Cell
from parsers.markup import scripts, text_of_html
from parsers.text import MAX_LINES

HIDDEN = [
    "display:none",
    "DISPLAY : None",
    "display:block;display:none",
    "display:none;display:bloc",
    "display:none!important;display:block",
    "display:no\\ne",
    "visibility:hidden",
    "visibility:collapse",
    "opacity:0",
    "opacity:0.04",
    "opacity:2%",
    "font-size:0",
    "font-size:1px",
    "font-size:0.05em",
    "font-size:1%",
    "font:0/0 a",
    "font:bold 1px Arial",
    "height:0;overflow:hidden",
    "max-height:0;overflow:hidden",
    "max-height:0px;overflow:clip",
    "width:0;overflow-x:hidden",
    "max-width:1px;overflow:hidden",
    "color:#fff",
    "color:white",
    "color:#fefefe",
    "color:rgb(255,255,255)",
    "color:rgb(100% 100% 100%)",
    "color:hsl(0,0%,99%)",
    "color:transparent",
    "color:rgba(0,0,0,.05)",
    "color:#333;background:#333",
    "background-color:#000;color:black",
    "mso-hide:all",
    "text-indent:-9999px",
    "margin-left:-999em",
    "position:absolute;left:-10000px",
    "position:fixed;top:-500px",
    "position:absolute;clip:rect(0 0 0 0)",
    "clip-path:inset(50%)",
    "clip-path:circle(0)",
    "transform:scale(0)",
    "transform:translateX(-9999px)",
    "filter:opacity(0)",
    "content-visibility:hidden",
]
SEEN = [
    "display:block",
    "display:none;display:block",
    "visibility:visible",
    "opacity:0.9",
    "opacity:0;opacity:1",
    "font-size:12px",
    "font-size:200%",
    "height:0",
    "max-height:0;overflow:visible",
    "height:40px;overflow:hidden",
    "color:#999",
    "color:#fff;background:#232f3e",
    "color:#fff;background:url(a.png)",
    "color:white;background-image:linear-gradient(red,blue)",
    "background:white;color:#000",
    "text-indent:-10px",
    "left:-9999px",
    "position:absolute;left:10px",
    "mso-hide:none",
    "transform:rotate(5deg)",
    "/* display:none */",
    'font-family:"display:none"',
]


@pytest.mark.parametrize("style", HIDDEN)
def test_text_that_a_style_hides_is_not_read(style):
    assert lines(f'<p>before</p><div style="{style}">secret</div><p>after</p>') == [
        "before",
        "after",
    ]


@pytest.mark.parametrize("style", HIDDEN)
def test_text_that_a_class_hides_is_not_read(style):
    page = f"<style>.h{{{style}}}</style><p>before</p><div class='a h b'>secret</div><p>after</p>"

    assert lines(page) == ["before", "after"]


@pytest.mark.parametrize("style", SEEN)
def test_text_that_a_style_leaves_visible_is_read(style):
    style = style.replace('"', "&quot;")

    assert lines(f'<div style="{style}">shown</div>') == ["shown"]


@pytest.mark.parametrize(
    ("css", "element", "seen"),
    [
        (".h{display:none}", "<p class=h>x</p>", False),
        ("#h{display:none}", "<p id=h>x</p>", False),
        ("p{display:none}", "<p>x</p>", False),
        ("*{display:none}", "<p>x</p>", False),
        ("p.h{display:none}", "<p class=h>x</p>", False),
        ("td.h{display:none}", "<p class=h>x</p>", True),
        ("div .h{display:none}", "<div><b><i class=h>x</i></b></div>", False),
        ("div>.h{display:none}", "<div><b><i class=h>x</i></b></div>", True),
        ("b>.h{display:none}", "<div><b><i class=h>x</i></b></div>", False),
        ("p+p{display:none}", "<p>x</p>", True),
        ("i+p{display:none}", "<i></i><p>x</p>", False),
        ("i~p{display:none}", "<i></i><b></b><p>x</p>", False),
        ("[hidden]{display:none}", "<p hidden>x</p>", False),
        ("p[class]{display:none}", "<p class=q>x</p>", False),
        ("p[class='q']{display:none}", "<p class=q>x</p>", False),
        ("p[class^=pre]{display:none}", "<p class=preheader>x</p>", False),
        ("p[class$=der]{display:none}", "<p class=preheader>x</p>", False),
        ("p[class*=head]{display:none}", "<p class=preheader>x</p>", False),
        ("p[class~=b]{display:none}", "<p class='a b'>x</p>", False),
        ("p[lang|=en]{display:none}", "<p lang=en-GB>x</p>", False),
        ("p[class=r]{display:none}", "<p class=q>x</p>", True),
        ("p:first-child{display:none}", "<div><p>x</p></div>", False),
        ("p:last-child{display:none}", "<div><p>x</p><b></b></div>", True),
        ("p:nth-child(2n){display:none}", "<div><b></b><p>x</p></div>", False),
        ("p:nth-child(odd){display:none}", "<div><b></b><p>x</p></div>", True),
        ("p:not(.q){display:none}", "<p>x</p>", False),
        ("p:not(.q){display:none}", "<p class=q>x</p>", True),
        ("p:is(.q,.r){display:none}", "<p class=r>x</p>", False),
        ("p:hover{display:none}", "<p>x</p>", True),
        ("p::after{display:none}", "<p>x</p>", True),
        (".q,.h{display:none}", "<p class=h>x</p>", False),
        (".h,!{display:none}", "<p class=h>x</p>", True),
        (".h{display:none}p{display:block}", "<p class=h>x</p>", False),
        (".h{display:none}#i{display:block}", "<p class=h id=i>x</p>", True),
        (".h{display:none}.i{display:block}", "<p class='i h'>x</p>", True),
        (".h{display:none}.h.i{display:block}.h{display:none}", "<p class='i h'>x</p>", True),
        (".h{display:none!important}#i{display:block}", "<p class=h id=i>x</p>", False),
        (".h{display:none}", "<p class=h style='display:block'>x</p>", True),
        (".h{display:none!important}", "<p class=h style='display:block'>x</p>", False),
        (".h{display:block!important}", "<p class=h style='display:none'>x</p>", True),
        (".h{display:none!important}", "<p class=h style='display:block!important'>x</p>", True),
        ("<!-- .h{display:none} -->", "<p class=h>x</p>", False),
        ("@import 'a.css';.h{display:none}", "<p class=h>x</p>", False),
        ("@font-face{src:url(a)}.h{display:none}", "<p class=h>x</p>", False),
        (".a{color:red;;}.h{display:none", "<p class=h>x</p>", False),
        (".h{display:n\\6fne}", "<p class=h>x</p>", False),
        (".a{color:#fff}.b{background:#fff}", "<div class=b><p class=a>x</p></div>", False),
        (".a{color:#fff}.b{background:navy}", "<div class=b><p class=a>x</p></div>", True),
        (".a{color:white}", "<table bgcolor='#131a22'><tr><td class=a>x</td></tr></table>", True),
        (".a{font-size:0}.b{font-size:14px}", "<div class=a><p class=b>x</p></div>", True),
        (".a{font-size:0}.b{font-size:2em}", "<div class=a><p class=b>x</p></div>", False),
        (".a{visibility:hidden}.b{visibility:visible}", "<div class=a><p class=b>x</p></div>", True),
        (".a{display:none}.b{display:block}", "<div class=a><p class=b>x</p></div>", False),
        (".a{opacity:0}.b{opacity:1}", "<div class=a><p class=b>x</p></div>", False),
        (".a{opacity:.3}", "<div class=a><p class=a>x</p></div>", False),
    ],
)  # fmt: skip
def test_the_cascade_decides_what_is_seen(css, element, seen):
    assert lines(f"<head><style>{css}</style></head>{element}") == (["x"] if seen else [])


@pytest.mark.parametrize(
    ("media", "hides"),
    [
        ("all", True),
        ("screen", True),
        ("only screen", True),
        ("only screen and (min-width:600px)", True),
        ("(min-width: 48em)", True),
        ("(width >= 600px)", True),
        ("print, screen", True),
        ("not print", True),
        ("(prefers-color-scheme: light)", True),
        ("only screen and (max-width:600px)", False),
        ("screen and (max-device-width: 480px)", False),
        ("(max-width:37.5em)", False),
        ("(width <= 600px)", False),
        ("print", False),
        ("handheld", False),
        ("not screen", False),
        ("(prefers-color-scheme: dark)", False),
        ("(orientation: portrait)", False),
        ("(min-width:600px) and (max-width:800px)", False),
    ],
)
def test_a_rule_for_another_medium_hides_nothing(media, hides):
    inside = (
        f"<style>@media {media} {{ .h {{ display: none !important }} }}</style><p class=h>x</p>"
    )
    element = f"<style media='{media}'>.h {{ display: none }}</style><p class=h>x</p>"

    assert lines(inside) == lines(element) == ([] if hides else ["x"])


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p hidden>x</p><p>y</p>", ["y"]),
        ("<p hidden style='display:block'>x</p>", ["x"]),
        ("<p aria-hidden=true>x</p>", ["x"]),
        ("<font color=white>x</font>y", ["y"]),
        ("<font color=ffffff>x</font>y", ["y"]),
        ("<table bgcolor=black><tr><td><font color=white>x</font></td></tr></table>", ["x"]),
        ("<table background=a.png><tr><td style='color:#fff'>x</td></tr></table>", ["x"]),
        ("<body text=white bgcolor=white>x", []),
        ("<!-- x -->y<!--[if mso]>z<![endif]-->", ["y"]),
        ("<!--[if !mso]><!-->x<!--<![endif]-->", ["x"]),
        ("<title>x</title><script>x</script><template>x</template><noscript>x</noscript>y", ["y"]),
        ("<details><summary>x</summary><p>y</p></details>", ["x"]),
        ("<details open><summary>x</summary><p>y</p></details>", ["x", "y"]),
        ("<dialog>x</dialog>y", ["y"]),
        ("In<span style='display:none'>deed </span>valid", ["Invalid"]),
    ],
)
def test_what_hides_without_a_style(page, expected):
    assert lines(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<span>In</span><span>valid</span>", ["Invalid"]),
        ("<span>Claim</span> <span>upheld</span>", ["Claim upheld"]),
        ("<b>Claim:</b>&nbsp;<i>upheld</i>", ["Claim: upheld"]),
        ("<div>Claim</div><div>upheld</div>", ["Claim", "upheld"]),
        (
            "<div style='display:inline'>In</div><div style='display:inline'>valid</div>",
            ["Invalid"],
        ),
        ("<span style='display:block'>Claim</span><span>upheld</span>", ["Claim", "upheld"]),
        (
            (
                "<div style='display:inline-block'>Claim</div><div style='display:inline-block'>upheld"
                "</div>"
            ),
            ["Claim upheld"],
        ),
        (
            "<div style='float:left'>Claim</div><div style='float:left'>upheld</div>",
            ["Claim upheld"],
        ),
        ("one<br>two<br/>three", ["one", "two", "three"]),
        ("<pre>one\n two</pre>", ["one", "two"]),
        ("<p style='white-space:pre-line'>one\n two</p>", ["one", "two"]),
        ("<p>one\n two</p>", ["one two"]),
        ("$12<sup>99</sup>", ["$12.99"]),
        ("H<sub>2</sub>O", ["H2O"]),
        ("<ruby>判定<rt>はんてい</rt></ruby>", ["判定"]),
        ("<del>old</del> <s>older</s> new", ["new"]),
        ("a\u200bb\u202ec\u00add\x1b[2J", ["abcd[2J"]),
    ],
)
def test_a_line_is_what_stands_on_one(page, expected):
    assert lines(page) == expected


CLAIM = "<td>Our claim</td><td>Their finding</td>"
ANSWER = "<td>upheld</td><td>refused</td>"
GRID = {"Our claim": (0, 0), "Their finding": (0, 1), "upheld": (1, 0), "refused": (1, 1)}
ONE = "<table><tr><td>"
END = "</td></tr></table>"


@pytest.mark.parametrize(
    "page",
    [
        f"<table><tr>{CLAIM}</tr><tr>{ANSWER}</tr></table>",
        f"<table><tbody><tr>{CLAIM}</tr></tbody><tbody><tr>{ANSWER}</tr></tbody></table>",
        f"{ONE}<table><tr>{CLAIM}</tr><tr>{ANSWER}</tr></table>{END}",
        f"<table><tr>{CLAIM}</tr></table><table><tr>{ANSWER}</tr></table>",
        (
            f"<table><tr><td><table><tr>{CLAIM}</tr></table></td></tr>"
            f"<tr><td><table><tr>{ANSWER}</tr></table>{END}"
        ),
        (
            f"<table><tr><td>{ONE}Our claim{END}</td><td>{ONE}Their finding{END}</td></tr>"
            f"<tr><td>{ONE}upheld{END}</td><td>{ONE}{ONE}refused{END}{END}</td></tr></table>"
        ),
        (
            "<div style='display:table'><div style='display:table-row'>"
            "<div style='display:table-cell'>Our claim</div><div style='display:table-cell'>Their finding"
            "</div></div><div style='display:table-row'><div style='display:table-cell'>upheld</div>"
            "<div style='display:table-cell'>refused</div></div></div>"
        ),
        (
            "<div style='display:flex'><div>Our claim</div><div>Their finding</div></div>"
            "<div style='display:flex'><span>upheld</span><span>refused</span></div>"
        ),
    ],
)
def test_lines_of_a_grid_know_their_row_and_column(page):
    text = text_of_html(page)

    assert dict(zip(text.lines, places(text), strict=True)) == GRID


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", [None, None]),
        ("<table><tr><td><img></td><td>a</td></tr></table>", [None]),
        ("<p>a</p>", [None]),
        (
            "<table><tr><td colspan=2>a</td><td>b</td></tr><tr><td>c</td><td>d</td><td>e</td></tr></table>",
            [(0, 0), (0, 2), (1, 0), (1, 1), (1, 2)],
        ),
        (
            "<table><tr><td rowspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
            [(0, 0), (0, 1), (1, 1)],
        ),
        (
            "<table><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>",
            [(0, 0), (0, 0), (0, 1)],
        ),
        (
            "<table><tr><td>a</td><td><table><tr><td>b</td><td>c</td></tr></table></td></tr></table>",
            [(0, 0), (0, 0), (0, 1)],
        ),
        ("<dl><dt>a</dt><dd>b</dd><dt>c</dt><dd>d</dd></dl>", [(0, 0), (0, 1), (1, 0), (1, 1)]),
        ("<dl><div><dt>a</dt><dd>b</dd><dd>c</dd></div></dl>", [(0, 0), (0, 1), (0, 1)]),
        ("<div style='display:flex;flex-direction:column'><p>a</p><p>b</p></div>", [None, None]),
        ("<table><tr><td>a</td><td hidden>b</td></tr></table>", [None]),
    ],
)
def test_a_place_is_told_only_where_columns_stand_side_by_side(page, expected):
    assert places(text_of_html(page)) == expected


def test_two_tables_with_text_between_are_two_grids():
    text = text_of_html(
        f"<table><tr>{CLAIM}</tr></table><p>and</p><table><tr>{ANSWER}</tr></table>"
    )

    assert [cell and cell.table for cell in text.cells] == [0, 0, None, 1, 1]


def test_the_headings_of_a_table_are_said_in_every_row_below():
    text = text_of_html(
        "<table><tr><th>Our claim</th><th hidden>no</th><th>Their finding</th></tr>"
        "<tr><td>upheld</td><td hidden>no</td><td><a href='https://a.example/'>refused</a></td></tr>"
        "</table>"
    )

    assert text.lines == ("Our claim: upheld", "Their finding: refused")
    assert text.cells == (Cell(0, 1, 0), Cell(0, 1, 1))
    assert [(link.url, link.line) for link in text.links] == [("https://a.example/", 1)]


def test_a_row_of_headings_with_nothing_below_is_read_itself():
    assert lines("<table><tr><th>a</th><th>b</th></tr></table>") == ["a", "b"]


def test_scripts_are_found_by_their_type_wherever_they_stand():
    page = "<SCRIPT data-x='>' type='application/LD+json'>{\"a\": 1}</script><script>b()</script>"

    assert scripts(page, "ld+json") == ('{"a": 1}',)
    assert scripts("<script" * 9000, "ld+json") == ()


BOMBS = {
    "open tags": lambda n: "<b>" * n,
    "tags closed that were never open": lambda n: "<b>" * 2000 + "</i>" * n,
    "rows": lambda n: "<table>" + "<tr><td rowspan=999 colspan=99>x" * (n // 2),
    "tables": lambda n: "<table><tr><td>x<td>y" * (n // 4),
    "divs": lambda n: "<div class='a b c'>x" * (n // 2),
    "classes": lambda n: "<p class='" + "a " * n + "'>x",
    "rules": lambda n: (
        f"<style>{'.a .a .a{color:red}' * (n // 8)}</style>" + "<p class=a>x</p>" * n
    ),
    "descendants": lambda n: f"<style>{'p ' * 150}b{{color:red}}</style>" + "<p><b>" * (n // 3),
    "siblings": lambda n: "<style>i~i~i~b{color:red}</style>" + "<i></i>" * n + "<b>x",
    "negations": lambda n: f"<style>{':not(' * n}{{color:red}}</style>x",
    "blocks": lambda n: f"<style>{'(' * n}{'{' * n}</style><p style='{'(' * n}'>x",
    "media": lambda n: f"<style>{'@media all{' * n}</style>x",
    "styles": lambda n: "".join(f"<p style='color:#{i:06x}'>" for i in range(n // 3)),
    "accents": lambda n: "a" + "\u0301\u0316" * n,
    "spaces": lambda n: "a" + " " * n + "\u00a0" * n,
    "references": lambda n: "&amp;" * n + "&#x1f600;" * n,
    "links": lambda n: "<a href='https://a.example/?u=https%3A%2F%2Fb.example'>x</a>" * (n // 3),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_page_of_the_largest_size_is_read_within_seconds(name):
    page = BOMBS[name](30_000)[: 1 << 20]
    started = time.process_time()

    text = text_of_html(page)

    assert time.process_time() - started < 6
    assert len(text.lines) <= MAX_LINES


TAGS = st.sampled_from(
    [
        "<div style='display:table-cell'>", "<table>", "<tr>", "<td colspan=3>", "<th rowspan=0>", "</td>",
        "</table>", "<dl>", "<dt>", "<dd>", "<p class=a>", "<style>.a{", "</style>", "}", "display:none",
        "<details>", "<a href='//x'>", "&#", "<!--", "-->", "<div style='display:flex'>", "<sup>", "99",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(TAGS, st.text(max_size=6)), max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_page_gives_lines_with_a_cell_each(pieces):
    text = text_of_html("".join(pieces))

    assert len(text.cells) == len(text.lines)
    assert all(0 <= link.line <= len(text.lines) for link in text.links)
    assert not any("\n" in line or not line for line in text.lines)


def lines(page):
    return list(text_of_html(page).lines)


def places(text):
    return [cell and (cell.row, cell.column) for cell in text.cells]
