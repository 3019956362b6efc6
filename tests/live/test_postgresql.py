"""The same journal in PostgreSQL: a real server, on the loopback."""

from __future__ import annotations

import pytest

from alvh_rules.cli.main import main
from alvh_rules.live.errors import LiveError
from alvh_rules.live.open_journal import open_journal, writing
from alvh_rules.market.simulate import simulate
from tests.live.conftest import SIMPLE, decided, take
from tests.live.servers import postgresql_server
from tests.live.test_equality import messages_of
from tests.live.test_paper import PAPER, PUTS


def test_a_journal_in_postgresql(lives, capsys) -> None:
    frame = simulate(300, 1).drop(index=[4, 5]).reset_index(drop=True)
    with postgresql_server() as address:
        live = lives.start(journal=lives.journal(address))
        for row, message in enumerate(messages_of(frame)):
            if row in (10, 290):
                live = lives.start(journal=lives.journal(address))
            live.take(message)
        take(live, date="2007-01-03", spx=1, vix=1)
        here = lives.start(journal=lives.journal("here.db"))
        for message in messages_of(frame):
            here.take(message)
        assert decided(live.journal) == decided(here.journal)
        assert live.journal.state() == here.journal.state()

        other = open_journal(address)
        with pytest.raises(LiveError) as caught, writing(other):
            pass
        assert "another process is writing it" in caught.value.diagnostic.message
        other.close()
        with pytest.raises(LiveError) as caught:
            lives.start(SIMPLE.replace("20", "21"), journal=lives.journal(address))
        assert caught.value.diagnostic.code == "ALV921"
        for command in ("verify", "replay"):
            assert main(["journal", command, address]) == 0
        assert main(["journal", "show", address, "--quarantine"]) == 0
        assert "differs  2007-01-03" in capsys.readouterr().out
        lives.let_go(address)


def test_a_paper_account_in_postgresql(lives) -> None:
    """The same account as in a file, gone on with after a restart, and traded again."""
    frame = simulate(90, 1)
    with postgresql_server() as address:
        live = lives.start(PUTS, journal=lives.journal(address), settings=PAPER)
        for row, message in enumerate(messages_of(frame)):
            if row == 50:
                live = lives.start(PUTS, journal=lives.journal(address), settings=PAPER)
            live.take(message)
        here = lives.start(PUTS, journal=lives.journal("here.db"), settings=PAPER)
        for message in messages_of(frame):
            here.take(message)
        there, accounts = (
            [bar.account for bar in journal.bars()] for journal in (live.journal, here.journal)
        )
        assert there == accounts
        assert live.journal.trades() == here.journal.trades() != []
        for command in ("verify", "replay"):
            assert main(["journal", command, address]) == 0
        lives.let_go(address)


def test_a_server_that_is_not_there(capsys) -> None:
    assert main(["journal", "show", "postgresql://alvh:secret@127.0.0.1:1/none"]) == 2
    out = capsys.readouterr().out
    assert "error[ALV920]" in out
    assert "secret" not in out
