"""The cards of a playbook as an SVG picture: layers from left to right, an arrow from each way out (P.4).

A way that ends the process has a full square in the place of an arrow.

It needs nothing to be shown, neither scripts nor fonts nor the network.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from services.tasks.playbooks.diagram import ENDED, Card, Shape, Way
from services.tasks.playbooks.terms import Result

# Pixels; a character of the 13 px font is 7.4 wide on average.
CHARACTER, LINE, PAD, GAP, LAYER_GAP = 7.4, 22, 12, 28, 140
LONGEST = 48  # characters of a line; the whole text is in its tooltip
_COLOURS: Mapping[Result | None, str] = {
    Result.COMPLETED: "#2e7d32",
    Result.FAILED: "#c62828",
    Result.DEFERRED: "#b26a00",
    None: "#546e7a",
}
_FILLS: Mapping[Shape, str] = {
    Shape.TRIGGER: "#e3f2fd",
    Shape.TIMER: "#fff8e1",
    Shape.TASK: "#ffffff",
    Shape.END: "none",
}


@dataclass(frozen=True, slots=True)
class _Box:
    """A card at its place."""

    card: Card
    x: int
    y: int
    width: int

    @property
    def height(self) -> int:
        return _height(self.card)

    def row(self, number: int) -> int:
        """The middle of a way's line."""
        return self.y + LINE * (number + 1) + LINE // 2


def svg(cards: Sequence[Card], title: str) -> str:
    """Return the picture as an XML document."""
    boxes = {box.card.id: box for box in _placed(cards)}
    width = max((box.x + box.width for box in boxes.values()), default=0) + LAYER_GAP
    height = max((box.y + box.height for box in boxes.values()), default=0) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" font-family="sans-serif" font-size="13" role="img">',
        f"<title>{escape(title)}</title>",
        *(part for box in boxes.values() for part in _arrows(box, boxes)),
        *(part for box in boxes.values() for part in _drawn(box)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def layers(cards: Sequence[Card]) -> list[list[Card]]:
    """Return the cards by their distance from what starts the process, without the end.

    The distance is that of the shortest way: what goes back to an earlier card makes no further layer.
    """
    known = {card.id: card for card in cards}
    current = [card for card in cards if card.shape is Shape.TRIGGER] or list(cards[:1])
    seen = {card.id for card in current}
    found = []
    while current:
        found.append(current)
        ids = dict.fromkeys(target for card in current for way in card.ways for target in way.targets)
        current = [known[each] for each in ids if each not in seen and each != ENDED.id]
        seen.update(card.id for card in current)
    rest = [card for card in cards if card.id not in seen and card.id != ENDED.id]
    return [*found, *([rest] if rest else [])]


def _placed(cards: Sequence[Card]) -> Iterator[_Box]:
    x = GAP
    for layer in layers(cards):
        width = max((_width(card) for card in layer), default=0)
        y = GAP
        for card in layer:
            yield _Box(card, x, y, width)
            y += _height(card) + GAP
        x += width + LAYER_GAP


def _width(card: Card) -> int:
    lines = [card.title, *(way.label for way in card.ways)]
    length = max(min(len(line), LONGEST) for line in lines)
    return round(length * CHARACTER) + 2 * PAD


def _height(card: Card) -> int:
    return LINE * (1 + len(card.ways)) + PAD // 2


def _drawn(box: _Box) -> Iterator[str]:
    card = box.card
    corner = LINE // 2 if card.shape is Shape.TRIGGER else 4
    dashes = ' stroke-dasharray="4 3"' if card.shape is Shape.TIMER else ""
    yield f"<g id={quoteattr(card.id)}>"
    yield (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="{corner}"'
        f' fill="{_FILLS[card.shape]}" stroke="#37474f"{dashes}/>'
    )
    yield _text(box.x + PAD, box.y + LINE - 6, card.title, "#000000", bold=True)
    for number, way in enumerate(card.ways):
        yield _text(box.x + PAD, box.row(number) + 4, way.label, _COLOURS[way.result])
    yield "</g>"


def _text(x: int, y: int, text: str, colour: str, *, bold: bool = False) -> str:
    shown = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    weight = ' font-weight="bold"' if bold else ""
    whole = "" if shown == text else f"<title>{escape(text)}</title>"
    return f'<text x="{x}" y="{y}" fill="{colour}"{weight}>{whole}{escape(shown)}</text>'


def _arrows(box: _Box, boxes: Mapping[str, _Box]) -> Iterator[str]:
    for number, way in enumerate(box.card.ways):
        for target in way.targets:
            yield _end(box, number, way) if target == ENDED.id else _arrow(box, number, way, boxes[target])


def _end(box: _Box, number: int, way: Way) -> str:
    x, y, colour = box.x + box.width, box.row(number), _COLOURS[way.result]
    return f'<path d="M {x} {y} h 12 m 0 -4 h 8 v 8 h -8 z" fill="{colour}" stroke="{colour}"/>'


def _arrow(box: _Box, number: int, way: Way, to: _Box) -> str:
    """Draw a curve from the right end of a way to its card: to its left side if that lies ahead, else the right."""
    x, y = box.x + box.width, box.row(number)
    ahead = to.x > x
    end, level = to.x if ahead else to.x + to.width, to.y + LINE // 2
    bend = (x + end) // 2 if ahead else max(x, end) + LAYER_GAP // 2
    back = 7 if ahead else -7
    return (
        f'<path d="M {x} {y} C {bend} {y} {bend} {level} {end} {level}'
        f' M {end - back} {level - 4} L {end} {level} L {end - back} {level + 4}"'
        f' fill="none" stroke="{_COLOURS[way.result]}"/>'
    )
