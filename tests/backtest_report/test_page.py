"""The page: escaped, bounded, the same bytes each time, drawn in a browser that fetches nothing."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import numpy as np
import pytest

from alvh_rules.backtest_report import figures as figures_module
from alvh_rules.backtest_report import page as page_module
from alvh_rules.backtest_report.figures import MOST_MARKS, figures
from alvh_rules.backtest_report.metrics import metrics
from alvh_rules.backtest_report.page import NoPlotlyError, page, write
from alvh_rules.backtest_report.thin import drawn_rows
from tests.backtest_report.browser import chromium, opened, picture, requests
from tests.backtest_report.runs import made_run

HOSTILE = (
    "</script x></script></style><script>window.owned=1</script><img src=http://127.0.0.1:9/x onerror=owned=1>"
    "<a href='javascript:owned=1'>\"'`--bad"
)
SIX_MEGABYTES = 6 * 10**6


class Elements(HTMLParser):
    """The elements of a page, and the texts that stand outside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.texts: list[str] = []
        self._raw = False
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")], attrs
        assert not any(name in ("src", "srcset", "action") for name, _ in attrs), attrs
        self._raw = tag in ("script", "style")

    def handle_endtag(self, tag) -> None:
        self._raw = False

    def handle_data(self, data) -> None:
        if not self._raw:
            self.texts.append(data)


@pytest.fixture(scope="module")
def run():
    return made_run()


@pytest.fixture(scope="module")
def plain(run) -> str:
    pytest.importorskip("plotly")
    return page(run, metrics(run))


def test_a_page_is_written_whole_and_is_not_large(tmp_path) -> None:
    pytest.importorskip("plotly")
    long = made_run(sessions=4600)
    size = write(long, tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size == size < SIX_MEGABYTES
    assert [item.name for item in tmp_path.iterdir()] == ["page.html"]


def test_the_same_run_makes_the_same_bytes(run, plain) -> None:
    assert page(made_run(), metrics(run)) == plain


def test_it_says_what_the_figures_say(run, plain) -> None:
    text = " ".join(" ".join(Elements(plain).texts).split())
    known = metrics(run)
    assert f"${round(known.hedged.final_equity):,}" in text
    assert f"${round(known.unhedged.final_equity):,}" in text
    assert str(known.hedged.worst_day_date) in text
    assert "slope > 0%" in text
    assert "2 quotes are crossed" in text
    assert "ab" * 32 in text
    assert "model 100.0%" in text


def test_untrusted_text_stays_text(plain) -> None:
    hostile = made_run(hostile=HOSTILE)
    text = page(hostile, metrics(hostile))
    assert sorted(set(Elements(text).tags)) == sorted(set(Elements(plain).tags))
    assert Elements(text).tags.count("script") == 3
    assert any("window.owned=1" in shown for shown in Elements(text).texts)


def test_plotly_is_given_no_markup_of_others() -> None:
    for figure in figures(made_run(hostile=HOSTILE)):
        document = figure.document()
        said = [*document["texts"], *(str(trace["name"]) for trace in document["traces"])]
        said += [text for trace in document["traces"] for text in trace.get("text", ())]
        assert not [text for text in said if "<" in text]


def test_data_cannot_end_their_element(monkeypatch) -> None:
    # Even were texts in charts not escaped for Plotly.
    pytest.importorskip("plotly")
    monkeypatch.setattr(figures_module, "marked", str)
    hostile = made_run(hostile=HOSTILE)
    text = page(hostile, metrics(hostile))
    assert Elements(text).tags.count("script") == 3
    start = text.index('id="data">') + len('id="data">')
    data = text[start : text.index("</script>\n<script>", start)]
    assert not set("<>&") & set(data)
    assert any(HOSTILE[:40] in item for item in json.loads(data)["figures"][-1]["texts"])


def test_control_characters_are_written_out(run) -> None:
    text = page(replace(run, ruleset="a\x1b[2J\u202eb"), metrics(run))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "a\\x1b[2J\\x202eb" in text


def test_every_chart_is_one_that_plotly_knows(run) -> None:
    objects = pytest.importorskip("plotly.graph_objects")

    def coloured(value):
        if isinstance(value, dict):
            return {
                key: "#123456" if key.endswith("color") else coloured(item)
                for key, item in value.items()
            }
        return value

    made = figures(run)
    for figure in made:
        traces = [coloured(trace) for trace in figure.traces]
        # Raises ValueError for a property that Plotly does not know.
        objects.Figure({"data": traces, "layout": coloured(figure.layout)})
        for trace in traces:
            length = len(figure.rows) if "x" not in trace else len(trace["x"])
            assert len(trace["y"]) == length
    assert [figure.name for figure in made] == [
        *("equity", "drawdown", "contributions", "hedge", "hedge-by-measure", "exposures", "price")
    ]


def test_without_a_hedge_none_is_drawn(run) -> None:
    pytest.importorskip("plotly")
    equity = run.equity.assign(
        equity_without_hedge=run.equity["equity"], hedge_profit=0.0, hedge_ratio=np.nan
    )
    alone = replace(run, equity=equity, trades=run.trades[run.trades["owner"] != "hedge"])
    text = page(alone, metrics(alone))
    assert "Nothing was hedged" in text
    assert "unhedged" not in "".join(Elements(text).texts)
    assert "chart-hedge" not in text


def test_a_run_without_trades_says_why(run) -> None:
    pytest.importorskip("plotly")
    bare = replace(run, trades=run.trades[:0], positions=run.positions[:0])
    text = page(bare, metrics(bare))
    assert "nothing was held" in text
    assert "slope &gt; 0%" in text


def test_trades_drawn_are_bounded_and_it_says_so(run) -> None:
    many = replace(run, trades=run.trades.loc[run.trades.index.repeat(40)])
    chart = next(figure for figure in figures(many) if figure.name == "price")
    assert sum(len(trace["x"]) for trace in chart.traces if "x" in trace) == MOST_MARKS
    assert "The latest 4,000 of" in chart.caption


def test_an_axis_of_ratios_leaves_out_the_outermost_and_says_so(run) -> None:
    held = np.where(np.arange(len(run.equity)) == 70, 20.0, 0.5)
    far = replace(run, equity=run.equity.assign(hedge_held=held, hedge_ratio=0.5))
    charts = {figure.name: figure for figure in figures(far)}
    assert charts["hedge"].layout["yaxis"]["range"][1] < 1
    assert "1 value lies beyond the axis" in charts["hedge"].caption
    assert "beyond" not in {figure.name: figure for figure in figures(run)}["hedge"].caption


def test_drawn_rows_keep_every_extreme() -> None:
    rng = np.random.default_rng(3)
    series = [rng.normal(size=20_000).cumsum() for _ in range(3)]
    series[1][5000:9000] = np.nan
    rows = drawn_rows(series, 1000)
    assert len(rows) <= 1001
    assert (rows[0], rows[-1]) == (0, 19_999)
    for values in series:
        assert np.nanmax(values[rows]) == np.nanmax(values)
        assert np.nanmin(values[rows]) == np.nanmin(values)
    assert drawn_rows([np.zeros(10)], 10).tolist() == list(range(10))


def test_without_plotly_one_command_is_named(run, monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(NoPlotlyError, match=r"pip install 'alvh-rules\[report\]'"):
        page(run, metrics(run))


def test_scripts_are_allowed_by_their_digests_alone(plain) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', plain)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy[1]
    assert "script-src 'unsafe-inline'" not in policy[1]


@pytest.mark.parametrize(
    ("size", "dark"), [((1280, 900), False), ((390, 844), True)], ids=["desktop", "phone"]
)
def test_it_is_drawn_and_nothing_is_fetched(tmp_path, size, dark) -> None:
    pytest.importorskip("plotly")
    hostile = made_run(hostile=HOSTILE)
    target = tmp_path / "page.html"
    write(hostile, target)
    with chromium(tmp_path, size, dark=dark) as browser:
        opened(browser, target)
        assert browser.execute_script("return window.owned") is None
        assert [entry for entry in browser.get_log("browser") if "favicon" not in str(entry)] == []
        assert requests(browser) == [target.as_uri()]
        assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
        drawn = browser.execute_script(
            "return [...document.querySelectorAll('.chart')].map(it => [it.id,"
            " it.querySelectorAll('.scatterlayer .trace').length, it.clientWidth])"
        )
        data = json.loads(
            browser.execute_script("return document.getElementById('data').textContent")
        )
        shown = {
            f"chart-{figure['name']}": sum(
                trace.get("visible", True) is True for trace in figure["traces"]
            )
            for figure in data["figures"]
        }
        assert {name: count for name, count, _ in drawn} == shown
        # Nothing is wider than the screen.
        wide = "return document.documentElement.scrollWidth - window.innerWidth"
        assert browser.execute_script(wide) <= 0
        ground = "return getComputedStyle(document.body).backgroundColor"
        assert browser.execute_script(ground) == (
            "rgb(20, 23, 26)" if dark else "rgb(251, 251, 249)"
        )
        browser.execute_script("document.getElementById('theme').click()")
        assert browser.execute_script(ground) == (
            "rgb(251, 251, 249)" if dark else "rgb(20, 23, 26)"
        )
        picture(browser, tmp_path / "page.png")
        assert (tmp_path / "page.png").stat().st_size > 50_000


def test_a_narrowed_span_is_that_of_every_chart(run, tmp_path) -> None:
    pytest.importorskip("plotly")
    target = tmp_path / "page.html"
    write(run, target)
    with chromium(tmp_path) as browser:
        opened(browser, target)
        spans = browser.execute_async_script(
            "const done = arguments[0]; const at = (name) => document.getElementById('chart-' + name);"
            " Plotly.relayout(at('equity'), {'xaxis.range': ['2018-01-02', '2018-03-01']});"
            " setTimeout(() => done(['drawdown', 'price'].map((name) =>"
            " at(name).layout.xaxis.range.map((day) => String(day).slice(0, 10)))), 1500);"
        )
        assert spans == [["2018-01-02", "2018-03-01"]] * 2
        assert browser.get_log("browser") == []


@pytest.fixture
def heard():
    """A server on this machine, its address and the paths that it was asked for."""
    paths: list[str] = []

    class Hearing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hearing)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("policy", [True, False], ids=["as-written", "without-its-policy"])
def test_a_browser_refuses_what_slips_through(run, tmp_path, monkeypatch, heard, policy) -> None:
    # Were escaping to fail, the page's own policy would still stand; without it the same text gets out,
    # so that this test can tell the difference.
    pytest.importorskip("plotly")
    address, paths = heard
    monkeypatch.setattr(page_module, "safe", str)
    text = f"<script>window.owned=1</script><img src='{address}/x'>"
    target = tmp_path / "page.html"
    write(replace(run, ruleset=text), target)
    if not policy:
        whole = target.read_text(encoding="utf-8")
        target.write_text(whole.replace("Content-Security-Policy", "x-none"), encoding="utf-8")
    with chromium(tmp_path) as browser:
        opened(browser, target)
        assert browser.execute_script("return window.owned") == (None if policy else 1)
    assert paths == ([] if policy else ["/x"])
