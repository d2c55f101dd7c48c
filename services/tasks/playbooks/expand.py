"""What a playbook says once and uses often, put where it is used: shared outcomes, directories, categories, twins.

It works on the nodes as written, so that a fault in what is shared is named at its own line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.tasks.playbooks.model import CATEGORY
from services.tasks.playbooks.source import UNKNOWN, Entries, Items, Log, Node, Word
from services.tasks.playbooks.twins import with_twins
from services.tasks.playbooks.values import keys_of, listed

_NAMING = ("of", "required_when", "forbidden_when")  # keys of a field that name problems
BY_CATEGORY = "by_category"  # stands for the outcomes of all categories
_CATEGORY_FIELD = {"type": "choice", "of": CATEGORY, "optional": "true"}


def expanded(root: Node, log: Log) -> Node:
    """Return the playbook with every shared part in its place; the grammar refuses what could not be read here."""
    if not isinstance(root, Entries):
        return root
    directories = _directories(root)
    shared = _outcomes(_section(root, "outcomes"), directories)
    found = root.having("problems", _problems(root, directories, log)) if directories else root
    if "outcomes" in found:
        found = found.having("outcomes", shared)
    types = _section(root, "task_types")
    if not types:
        return found
    types = _types(types, _Shared(shared, directories, _section(root, "categories")), log)
    return found.having("task_types", with_twins(types, _section(root, "twins"), log))


@dataclass(slots=True)
class _Shared:
    """What types use: outcomes by name, directories, categories; and which outcomes they have named."""

    outcomes: Entries
    directories: Entries
    categories: Entries
    named: set[str] = field(default_factory=set)


def _directories(root: Entries) -> Entries:
    """Return the directories; the titles of the categories are one more."""
    found, titles = _section(root, "directories"), _section(root, "categories")
    for code, category in _section(root, "categories").items():
        title = category.get("title") if isinstance(category, Entries) else None
        titles = titles.having(code, category if title is None else title)
    return found.having(CATEGORY, titles) if titles else found


def _section(root: Entries, key: str) -> Entries:
    found = root.get(key)
    return found if isinstance(found, Entries) else Entries(root.line, f"{root.path}/{key}")


def _problems(root: Entries, directories: Entries, log: Log) -> Node:
    """Return the problems with those of all directories: each has one text."""
    problems = root.get("problems", Entries(root.line, f"{root.path}/problems"))
    if not isinstance(problems, Entries):
        return problems
    for directory in directories.values():
        for code, text in directory.items() if isinstance(directory, Entries) else ():
            if code in problems and problems[code] != text:
                log.fault(text, "two_texts", f"{code!r} has another text in {problems[code].path}")
            problems = problems.having(code, text)
    return problems


def _types(types: Entries, shared: _Shared, log: Log) -> Entries:
    found = types
    for code, kind in types.items():
        if isinstance(kind, Entries) and "outcomes" in kind:
            found = found.having(code, _type(kind, shared, log))
    for code, outcome in shared.outcomes.items():
        if code not in shared.named:
            log.fault(outcome, "unreachable", f"no task type names the outcome {code!r}")
    return found


def _type(kind: Entries, shared: _Shared, log: Log) -> Entries:
    """Return a type with its outcomes; those of all categories when the category decides."""
    if "categories" in kind:
        log.fault(kind["categories"], "unknown_key", "unknown key 'categories'")
    if kind["outcomes"] != BY_CATEGORY:
        return kind.having("outcomes", _named(kind["outcomes"], shared, log))
    categories, names = Entries(kind.line, kind.path), Items(kind["outcomes"].line, kind["outcomes"].path)
    for code, category in shared.categories.items():
        listed_names = category.get("outcomes") if isinstance(category, Entries) else None
        if isinstance(listed_names, Items):
            categories[code] = listed_names
            names += [name for name in listed_names if name not in names]
    if not categories:
        log.fault(kind["outcomes"], "no_categories", "which categories are there? give 'categories'")
    outcomes = _named(names, shared, log)
    for code, outcome in outcomes.items():
        if isinstance(outcome, Entries):
            outcomes = outcomes.having(code, _of_category(outcome, shared.directories))
    return kind.having("outcomes", outcomes).having("categories", categories)


def _of_category(outcome: Entries, directories: Entries) -> Entries:
    """Return an outcome with the field that names the category."""
    fields = outcome.get("fields", Entries(outcome.line, outcome.path))
    if not isinstance(fields, Entries):
        return outcome
    spec = Entries(outcome.line, outcome.path)
    for key, word in _CATEGORY_FIELD.items():
        spec = spec.having(key, Word.at(word, outcome.line, outcome.path))
    return outcome.having("fields", fields.having(CATEGORY, _spelled(spec, _NAMING, directories)))


def _named(outcomes: Node, shared: _Shared, log: Log) -> Entries:
    """Return the outcomes of a type: a name stands for a shared outcome, in a list and as a value of a mapping."""
    found = Entries(outcomes.line, outcomes.path)
    if isinstance(outcomes, Entries):
        pairs = list(_outcomes(outcomes, shared.directories).items())
    else:
        pairs = [(str(name) if isinstance(name, Word) else UNKNOWN, name) for name in listed(outcomes, log)]
    for code, outcome in pairs:
        if not isinstance(outcome, Word):
            found[code] = outcome
        elif outcome in shared.outcomes:
            found[code] = shared.outcomes[outcome]
            shared.named.add(outcome)
        else:
            log.fault(outcome, "unknown_reference", f"there is no outcome {str(outcome)!r} in 'outcomes'")
    return found


def _outcomes(outcomes: Entries, directories: Entries) -> Entries:
    """Return outcomes whose problems are named one by one; a directory's name stands for all of its codes."""
    found = outcomes
    for code, outcome in outcomes.items():
        if isinstance(outcome, Entries):
            found = found.having(code, _outcome(outcome, directories))
    return found


def _outcome(outcome: Entries, directories: Entries) -> Entries:
    found, requires, fields = outcome, outcome.get("requires"), outcome.get("fields")
    if isinstance(requires, Entries):
        found = found.having("requires", _spelled(requires, ("problems",), directories))
    if isinstance(fields, Entries):
        spelled = fields
        for name, spec in fields.items():
            if isinstance(spec, Entries):
                spelled = spelled.having(name, _spelled(spec, _NAMING, directories))
        found = found.having("fields", spelled)
    return found


def _spelled(part: Entries, keys: Sequence[str], directories: Entries) -> Entries:
    """Return a part whose keys name problems one by one."""
    for key in keys:
        if key in part:
            part = part.having(key, _codes(part[key], directories))
    return part


def fields_of(root: Node) -> frozenset[str]:
    """Return the names of all fields that the outcomes of an expanded playbook declare."""
    if not isinstance(root, Entries):
        return frozenset()
    places = [_section(root, "outcomes")]
    places += [
        _section(kind, "outcomes") for kind in _section(root, "task_types").values() if isinstance(kind, Entries)
    ]
    outcomes = [outcome for place in places for outcome in place.values()]
    return frozenset().union(
        *(keys_of(outcome.get("fields")) for outcome in outcomes if isinstance(outcome, Entries))
    )


def _codes(problems: Node, directories: Entries) -> Node:
    if isinstance(problems, Entries):
        return problems
    found = Items(problems.line, problems.path)
    for name in problems if isinstance(problems, Items) else (problems,):
        found += _all(name, directories)
    return found


def _all(name: Node, directories: Entries) -> Iterator[Node]:
    directory = directories.get(name) if isinstance(name, Word) else None
    if not isinstance(directory, Entries):
        yield name
        return
    yield from (Word.at(code, name.line, name.path) for code in directory)
