# Plays scenes at a pseudo-terminal, with and without the shim where both can be compared.
import fcntl, os, pty, select, signal, struct, sys, termios, time

SHIM, SCENE = sys.argv[1:3]
WITH, WITHOUT = [SHIM, "--"], []

class Terminal:
    """A new session on a new terminal of 40 by 120."""
    def __init__(self, command, size=(40, 120)):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            os.environ.update(PS1="$ ", ENV="", HISTFILE="/dev/null", TERM="xterm")
            os.execvp(command[0], command)
        self.text = b""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(f"stuck at {self.text!r} of {command}"))

    def read(self):
        try: more = os.read(self.fd, 65536)
        except OSError: more = b""
        self.text += more
        return more

    def until(self, *words):
        """Reads up to each of the words in turn; returns what came before the last."""
        for word in words:
            word = word.encode()
            while word not in self.text:
                if not self.read(): raise SystemExit(f"no {word!r} in {self.text!r}")
            before, self.text = self.text.split(word, 1)
        return before

    def key(self, keys): os.write(self.fd, keys.encode())
    def resize(self, rows, columns): fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self):
        while self.read(): pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

def both(check):
    results = [check(prefix) for prefix in (WITH, WITHOUT)]
    if results[0] != results[1]: raise SystemExit(f"with {results[0]!r} without {results[1]!r}")
    return results[0]

def shell():
    """An interactive shell, after its first prompt."""
    terminal = Terminal(["bash", "--norc", "--noprofile", "-i"])
    terminal.until("$ ")
    return terminal

def words(prefix): return " ".join(prefix)

def identical():
    script = r"""
import os, sys, shutil
assert all(map(os.isatty, (0, 1, 2))), "not a terminal"
for i in range(200): os.write(2, b"\r\x1b[32m%3d%%\x1b[0m [%s]" % (i // 2, b"#" * (i // 4)))
os.write(2, b"\n\ttabs and \xff\xfe bytes\x00\n" * 2000)
os.write(2, repr(os.get_terminal_size(2)).encode())
"""
    def run(prefix):
        terminal = Terminal(prefix + ["python3", "-c", script])
        return terminal.end(), terminal.text
    code, text = both(run)
    assert code == 0 and b"columns=120, lines=40" in text, text[-500:]

def reads():
    def run(prefix):
        results = []
        for stderr in ("", " 2>/dev/null"):
            terminal = shell()
            terminal.key(f"{words(prefix)} sh -c 'printf %s%s re ady; read x; echo got:$x:'{stderr}\n")
            terminal.until("ready")
            terminal.key("hello\n")
            terminal.until("got:hello:", "$ ")
            terminal.key("exit 3\n")
            results.append(terminal.end())
        return results
    assert both(run) == [3, 3]

def interrupt():
    def run(prefix):
        terminal = shell()
        terminal.key(f"{words(prefix)} sh -c 'trap \"echo in\"terrupted INT; echo rea\"\"dy; read x; read x; exit 7'\n")
        terminal.until("ready")
        terminal.key("\x03")
        terminal.until("interrupted")
        terminal.key("one\ntwo\n")
        terminal.until("$ ")
        terminal.key(f"{words(prefix)} sh -c 'echo rea\"\"dy; read x'\n")
        terminal.until("ready")
        terminal.key("\x03")
        terminal.until("$ ")
        terminal.key("echo code:$?:\nexit\n")
        terminal.until("code:130:")
        return terminal.end()
    both(run)

def stop():
    def run(prefix):
        terminal = shell()
        for round in range(3):
            terminal.key(f"{words(prefix)} sh -c 'echo rea\"\"dy >&2; read x; echo got:$x: >&2; exit 4'\n")
            terminal.until("ready")
            terminal.key("\x1a")
            terminal.until("Stopped", "$ ")
            terminal.key("echo in\"\" between\n")
            terminal.until("in between", "$ ")
            terminal.key("fg\n")
            terminal.until("sh -c", "\n")
            terminal.key("again\n")
            terminal.until("got:again:", "$ ")
            terminal.key("echo code:$?:\n")
            terminal.until("code:4:", "$ ")
        # In the background it is stopped only when it reads.
        terminal.key(f"{words(prefix)} sh -c 'echo rea\"\"dy; read x; echo got:$x:' &\n")
        terminal.until("ready")
        # The shell tells of it before one of its next prompts.
        terminal.key("ec\"\"ho prompt\n")
        while b"Stopped" not in terminal.until("prompt", "$ "): terminal.key("ec\"\"ho prompt\n")
        terminal.key("fg\n")
        terminal.until("sh -c", "\n")
        terminal.key("late\n")
        terminal.until("got:late:", "$ ")
        terminal.key("exit\n")
        return terminal.end()
    both(run)

def resize():
    script = r"""
import os, signal
sizes = set()
def on(*_):
    size = os.get_terminal_size(2)
    if size not in sizes: sizes.add(size); os.write(2, b"size:%d:%d:" % (size.lines, size.columns))
signal.signal(signal.SIGWINCH, on)
on()
while True: signal.pause()
"""
    def run(prefix):
        terminal = Terminal(prefix + ["python3", "-c", script])
        terminal.until("size:40:120:")
        for rows, columns in ((50, 100), (10, 20), (24, 80)):
            terminal.resize(rows, columns)
            terminal.until(f"size:{rows}:{columns}:")
        terminal.key("\x03")
        return terminal.end() in (1, 130, -signal.SIGINT)
    assert both(run)

def comes_back():
    def run(prefix):
        terminal = shell()
        group = os.tcgetpgrp(terminal.fd)
        terminal.key(f"{words(prefix)} sh -c 'stty -echo -icanon; echo rea\"\"dy; kill -9 $$'\n")
        terminal.until("ready", "$ ")
        terminal.key("echo he\"\"re\n")
        terminal.until("here", "$ ")
        # A command whose purpose it is keeps what it did.
        terminal.key(f"{words(prefix)} stty intr ^T; echo sta\"\"ys\n")
        terminal.until("stays", "$ ")
        modes, is_back = termios.tcgetattr(terminal.fd), os.tcgetpgrp(terminal.fd) == group
        terminal.key("exit 5\n")
        return is_back, modes[6][termios.VINTR], terminal.end()
    assert both(run) == (True, b"\x14", 5)

def pipeline():
    reader = "python3 -c 'import sys; tty = open(\"/dev/tty\"); print(\"rea\" \"dy\", flush=True); print(\"key:\" + tty.readline())'"
    def run(prefix):
        terminal = shell()
        terminal.key(f"{words(prefix)} sh -c 'echo one; sleep 1000' | {reader}; echo e\"\"nd\n")
        terminal.until("ready")
        terminal.key("k\n")
        terminal.until("key:k")
        terminal.key("\x03")
        terminal.until("$ ")
        terminal.key("exit 6\n")
        return terminal.end()
    assert both(run) == 6

def hangup():
    script = "import os, signal\nos.write(2, b'ready')\nwhile True: os.write(2, b'.'); signal.sigtimedwait([], 0.001)"
    def run(prefix):
        terminal = Terminal(prefix + ["python3", "-c", script])
        terminal.until("ready")
        os.close(terminal.fd)
        return os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) in (1, 129, -signal.SIGHUP)
    assert both(run)

globals()[SCENE]()
print("as without us")
