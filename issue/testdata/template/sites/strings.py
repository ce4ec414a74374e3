"""Labels lines by the format strings of the programs' own files: every line to the string that fits it as a whole and
has most literal text. `%` for C, `~` for Erlang. What none fits is left out. See README.md beside it."""
import collections, re, subprocess
C = re.compile(r'%[-+ #0]*(?:[0-9]+|\*)?(?:\.(?:[0-9]+|\*))?(?:hh|h|ll|l|z|j|t|L)?[diouxXeEfgGcsp]')
ERLANG = re.compile(r'~[-0-9.*]*(?:t|l)?[a-zA-Z]')

def binary(*paths):
    """The printable strings of programs and libraries."""
    for path in paths:
        for line in subprocess.run(['strings', '-n', '6', path], capture_output=True, text=True).stdout.split('\n'):
            yield from line.strip().split('\\n')

def formats(strings, holes=C):
    """Those that say enough to be sure: two words, 8 letters, 15 where a variable part comes first."""
    kept = {}
    for one in strings:
        parts = [part.replace('\0', '%') for part in holes.split(one.replace('%%', '\0'))]
        text = ''.join(parts)
        letters = len(re.sub('[^A-Za-z]', '', text))
        words = len(re.findall('[A-Za-z]{2,}', text))
        if words >= 2 and letters >= (8 if parts[0] else 15):
            kept[one] = (parts, letters)
    return kept

def fits(parts, line):
    """Whether the literal parts stand in the line in order, the first and the last at its ends."""
    if len(parts) == 1:
        return line == parts[0]
    if not (line.startswith(parts[0]) and line.endswith(parts[-1])):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        at = line.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return at <= len(line) - len(parts[-1])

def labelled(lines, kept, header=None, cap=40):
    """(label, line) in order, at most `cap` of a label, evenly taken; `header` is cut before matching only."""
    by = collections.OrderedDict()
    for number, line in enumerate(lines):
        line = line.strip().replace('\t', ' ')
        text = re.sub(header, '', line) if header else line
        found = [(letters, one) for one, (parts, letters) in kept.items() if fits(parts, text)]
        if found and len(line) <= 500:
            by.setdefault(max(found)[1], []).append((number, line))
    rows = []
    for label, all_of in by.items():
        few = all_of if len(all_of) <= cap else [all_of[k * len(all_of) // cap] for k in range(cap)]
        rows += [(number, label, line) for number, line in few]
    return [(label, line) for _, label, line in sorted(rows)]
