"""What authorized_keys.sh is to do with a file's content, said a second time and otherwise."""

import dataclasses
import time

BLANKS = b" \t"
DAY = 86_400_000


@dataclasses.dataclass(frozen=True)
class Request:
    action: str
    line: bytes  # type base64 label
    keep: str = "none"
    superseded: str = "none"

    @property
    def generation(self):
        return self.line.split(b" ")[2].split(b":")[1]

    @property
    def arn(self):
        return self.line.split(b" ")[2].split(b":", 2)[2]


@dataclasses.dataclass(frozen=True)
class Own:
    """A line of the request's secret."""

    generation: bytes
    marked: bool
    plain: bytes  # without mark

    @property
    def impossible(self):
        return int(self.generation) > time.time() * 1000 + DAY


def own(text, arn):
    """What a line is to the secret; None for a foreign one."""
    if text.lstrip(BLANKS).startswith(b"#"):
        return None
    plain = text.rstrip(b" \t\r")
    marked = fields(plain)[-1:] == [b"current"]
    if marked:
        plain = plain[: -len(b"current")].rstrip(BLANKS)
    name, _, rest = (fields(plain) or [b""])[-1].partition(b":")
    generation, _, its_arn = rest.partition(b":")
    digits = len(generation) == 13 and all(c in b"0123456789" for c in generation)
    return Own(generation, marked, plain) if name == b"ssh-rotation" and digits and its_arn == arn else None


def fields(text):
    return [field for field in text.replace(b"\t", b" ").split(b" ") if field]


def late(content, request):
    owns = [own(text, request.arn) for text in lines(content or b"")[0]]
    return any(o and o.marked and o.generation > request.generation and not o.impossible for o in owns)


def lines(content):
    """The lines, and whether the last one has no newline."""
    parts = content.split(b"\n")
    return (parts[:-1], False) if parts[-1] == b"" else (parts, True)


def expected(content, request):
    """The new content, and whether the superseded key is in a line of somebody else's. Not for late requests."""
    old, open_end = lines(content or b"")
    mine = [o for o in (own(text, request.arn) for text in old) if o and o.generation == request.generation]
    mark = request.action == "finish" or any(o.marked for o in mine)
    new_line = request.line + (b" current" if mark else b"")
    kept = []  # pairs of text and the line's old place
    for place, text in enumerate(old):
        o = own(text, request.arn)
        if o is None:
            kept.append((text, place))
        elif o.generation == request.generation:
            if all(new_line != text for text, _ in kept):
                kept.append((new_line, place))
        elif request.action == "add":
            kept.append((text, place))
        elif o.impossible:
            continue
        elif o.generation > request.generation or o.generation == request.keep.encode():
            kept.append((o.plain if o.marked else text, place))
    if not mine:
        kept.append((new_line, None))
    stays_open = open_end and kept[-1][1] == len(old) - 1
    new = b"\n".join(text for text, _ in kept) + (b"" if stays_open else b"\n")
    return new, request.action == "finish" and any(
        request.superseded.encode() in fields(text.removesuffix(b"\r"))
        for text, _ in kept
        if own(text, request.arn) is None and not text.lstrip(BLANKS).startswith(b"#")
    )
