"""Colours without a server: for Pygments, and for editors that read TextMate grammars.

`words.py` says what the words of the language are to a reader; `pygments_lexer.py` and
`textmate.py` are the same words in two notations.
"""
