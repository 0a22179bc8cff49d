"""Tantivy: the same hard filters as terms, sets and ranges; what they let through in the order of BM25."""

from collections.abc import Iterator

import tantivy

from benchmarks.clock import OwnTime
from benchmarks.peers import Answer
from benchmarks.question import Question, question
from benchmarks.stock import Stock
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.prepare import offer_text, project_text

_ANY = 63
"""Stands in the place of what an offer does not name."""
_SLOTS = 16
_MONEY, _LABEL, _BARRIER = range(3)
_MASKS = ("admitted", "forms", "objects", "categories")
_RANGES = ("first_day", "last_day", "least_eur", "least_days")


class Tantivy(OwnTime):
    """One segment in memory, on one thread. Text is told by BM25, so that order and scores are not the engine's."""

    name = "Tantivy"

    def load(self, stock: Stock) -> None:
        self._stock = stock
        self._analyzer = _french()
        builder = tantivy.SchemaBuilder()
        for name in ("number", *_MASKS, "placed", "open", "organisation", "bars"):
            builder.add_unsigned_field(name, indexed=name != "number", fast=name == "number")
        for name in _RANGES:
            builder.add_integer_field(name, indexed=True, fast=True)
        builder.add_text_field("text", tokenizer_name="french", index_option="freq")
        self._schema = builder.build()
        index = tantivy.Index(self._schema)
        index.register_tokenizer("french", self._analyzer)
        writer = index.writer(heap_size=2_000_000_000, num_threads=1)
        for document in self._documents():
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()

    def best(self, project: PreparedProject) -> Answer:
        """The score is BM25's, in millionths."""
        return self._found(project, 20)[0]

    def eligible(self, project: PreparedProject) -> int:
        """How many offers the filters let through."""
        return self._found(project, 1)[1]

    def _found(self, project: PreparedProject, most: int) -> tuple[Answer, int]:
        asked = question(project, self._stock)
        if asked is None:
            return [], 0
        found = self._searcher.search(self._query(asked, project), most, count=most == 1)
        addresses = [address for _score, address in found.hits]
        rows = self._searcher.fast_field_values("number", addresses)
        offers = [self._stock.offers[row] for row in rows]
        best = [(round(score * 1e6), each.id, each.type) for (score, _at), each in zip(found.hits, offers, strict=True)]
        return best, found.count or 0

    def _documents(self) -> Iterator[tantivy.Document]:
        columns = {name: self._stock.columns[name].tolist() for name in (*_MASKS, *_RANGES, "slot", "out")}
        bars = {name: self._stock.columns[name].tolist() for name in ("only_money", "labelled_only", "needs_barrier")}
        organisations = self._stock.columns["organisation"].tolist()
        for row, offer in enumerate(self._stock.offers):
            if columns["out"][row]:
                continue
            document = tantivy.Document()
            document.add_unsigned("number", row)
            for name in _MASKS:
                for bit in _bits(columns[name][row]) or [_ANY]:
                    document.add_unsigned(name, bit)
            for name in _RANGES:
                document.add_integer(name, columns[name][row])
            for bar, name in enumerate(bars):
                if bars[name][row]:
                    document.add_unsigned("bars", bar)
            document.add_unsigned("organisation", organisations[row] + 1)
            self._place(document, offer, columns["slot"][row])
            document.add_text("text", offer_text(offer.offer))
            yield document

    def _place(self, document: tantivy.Document, offer: PreparedOffer, slot: int) -> None:
        for unit in self._stock.units.numbers(offer.units):
            document.add_unsigned("placed", unit * _SLOTS + slot)
            if offer.offer.accepts_neighbours:
                document.add_unsigned("open", unit * _SLOTS + slot)

    def _query(self, asked: Question, project: PreparedProject) -> tantivy.Query:
        must, never, may = tantivy.Occur.Must, tantivy.Occur.MustNot, tantivy.Occur.Should
        words = {token for token in self._analyzer.analyze(project_text(project.project))}
        parts = [(must, tantivy.Query.const_score_query(filter_, 0.0)) for filter_ in self._filters(asked)]
        parts += [(never, self._is("bars", bar)) for bar in _barred(asked)]
        parts += [(never, self._is("organisation", asked.organisation + 1))]
        parts += [(may, tantivy.Query.term_query(self._schema, "text", word, "freq")) for word in sorted(words)]
        return tantivy.Query.boolean_query(parts)

    def _filters(self, asked: Question) -> Iterator[tantivy.Query]:
        yield _either([self._in_slot(asked, place) for place in range(len(asked.slots))])
        yield self._among("admitted", _bits(asked.stage))
        yield self._among("forms", _bits(asked.forms))
        yield self._at_most("first_day", asked.day)
        yield tantivy.Query.range_query(self._schema, "last_day", tantivy.FieldType.Integer, asked.day, None)
        if asked.has_theme:
            yield self._among("categories", _bits(asked.met))

    def _in_slot(self, asked: Question, place: int) -> tantivy.Query:
        """What the filters ask of an offer for one need."""
        slot, must = asked.slots[place], tantivy.Occur.Must
        near = [unit * _SLOTS + slot for unit, beside in zip(asked.units, asked.beside, strict=True) if not beside]
        beside = [unit * _SLOTS + slot for unit, beside in zip(asked.units, asked.beside, strict=True) if beside]
        parts = [(must, _either([self._set("placed", near), self._set("open", beside)]))]
        if asked.objects[place]:
            parts.append((must, self._among("objects", _bits(asked.objects[place]))))
        for name, most in (("least_eur", asked.eur[place]), ("least_days", asked.days[place])):
            if most >= 0:
                parts.append((must, self._at_most(name, most)))
        return tantivy.Query.boolean_query(parts)

    def _is(self, field: str, value: int) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, value, "basic")

    def _set(self, field: str, values: list[int]) -> tantivy.Query:
        """One of these. Terms are merged as they are met: a query for sets would first collect all that have one."""
        return _either([self._is(field, value) for value in values])

    def _among(self, field: str, bits: list[int]) -> tantivy.Query:
        """Offers that name one of these, or nothing."""
        return self._set(field, [*bits, _ANY])

    def _at_most(self, field: str, most: int) -> tantivy.Query:
        return tantivy.Query.range_query(self._schema, field, tantivy.FieldType.Integer, None, most)


def _barred(asked: Question) -> Iterator[int]:
    if asked.seeks_nothing:
        yield _MONEY
    if not asked.labelled:
        yield _LABEL
    if not asked.barrier:
        yield _BARRIER


def _either(queries: list[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _french() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    filters = (
        tantivy.Filter.lowercase(),
        tantivy.Filter.stopword("french"),
        tantivy.Filter.stemmer("french"),
        tantivy.Filter.ascii_fold(),
    )
    for each in filters:
        builder = builder.filter(each)
    return builder.build()
