# Runs one program from processes in different states, with and without the shim, and compares what it sees of itself.
import os, resource, signal, subprocess, sys

SHIM, SEGMENTS = sys.argv[1:3]

LOOK = r"""
import os, resource, sys
status = open("/proc/self/status").read().splitlines()
same = ("Umask", "Uid", "Gid", "Groups", "SigPnd", "SigBlk", "SigIgn", "SigCgt", "Shd", "Cap", "NoNewPrivs", "Seccomp", "Cpus_allowed_list", "THP_enabled")
lines = [line for line in status if line.startswith(same)]
lines += [f"limit {name} {resource.getrlimit(getattr(resource, name))}" for name in dir(resource) if name.startswith("RLIMIT_")]
for fd in sorted(map(int, os.listdir("/proc/self/fd"))):
    try: target = os.readlink(f"/proc/self/fd/{fd}")
    except OSError: continue
    flags = [line for line in open(f"/proc/self/fdinfo/{fd}") if line.startswith("flags")]
    if target.startswith("/proc/"): continue
    lines.append(f"fd {fd} " + (target if fd != 2 else target.split(":")[0]) + " " + flags[0].strip())
lines += [f"nice {os.nice(0)}", f"folder {os.getcwd()}", f"arguments {sys.argv}", f"session {os.getsid(0)}"]
lines += [open("/proc/self/environ").read().replace("\0", "\n"), open("/proc/self/oom_score_adj").read()]
lines += [open("/proc/self/timerslack_ns").read() if os.path.exists("/proc/self/timerslack_ns") else ""]
os.write(1, "\n".join(lines).encode())
"""

def every_signal_ignored():
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass

def limits():
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, resource.RLIM_INFINITY))

def other_user():
    os.setgroups([7, 8]); os.setgid(65534); os.setuid(65534)

def more_files():
    for number in (3, 7, 50): os.dup2(os.open("/dev/zero", os.O_RDONLY), number)

STATES = {
    "as it comes": lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL),
    "sigpipe ignored": lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
    "every signal ignored": every_signal_ignored,
    "signals blocked": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {1, 10, 13, 15, 17, 34, 64}),
    "stdin and stdout of others": lambda: os.dup2(os.open("/dev/null", os.O_RDWR), 0),
    "stdin closed": lambda: os.close(0),
    "limits": limits,
    "more files, umask, folder": lambda: (more_files(), os.umask(0o137), os.nice(3), os.chdir("/proc")),
    "other user": other_user,
}

def look(state, prefix, extra):
    program = prefix + ["/usr/bin/env", "python3", "-E", "-c", LOOK, "a b", "", "\udcff*"]
    environment = {"PATH": os.environ["PATH"], "EMPTY": "", "ODD NAME": "x=y\n", **extra}
    run = subprocess.run(program, env=environment, preexec_fn=state, stdin=subprocess.DEVNULL, capture_output=True,
                         restore_signals=False, close_fds=True, pass_fds=(3,) if os.path.exists("/proc/self/fd/3") else ())
    return run.returncode, run.stderr, run.stdout

compared = 0
os.makedirs(SEGMENTS, mode=0o777, exist_ok=True)
for folder in (SEGMENTS, os.path.dirname(SEGMENTS)): os.chmod(folder, 0o777)
for name, state in STATES.items():
    with_it = look(state, [SHIM, "--"], {"ISSUETRACKER_SEGMENTS_DIR": SEGMENTS, "ISSUETRACKER_CONTAINER": "app"})
    without = look(state, [], {})
    pipes = lambda result: [line for line in result[2].decode(errors="surrogateescape").splitlines() if "pipe:" not in line]
    if with_it[:2] != without[:2] or pipes(with_it) != pipes(without) or without[0] != 0:
        print("different:", name, with_it[:2], without[:2])
        for ours, theirs in zip(pipes(with_it), pipes(without)):
            if ours != theirs: print("  with   ", ours, "\n  without", theirs)
        sys.exit(1)
    compared += 1
print(compared, "compared")
