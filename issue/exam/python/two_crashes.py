"""Runs two child steps the way a supervisor does, both of which die."""
import subprocess
import sys

for step in ("int('x')", "{}.missing"):
    sys.stderr.write(f"supervisor: starting step\n")
    sys.stderr.flush()
    subprocess.run([sys.executable, "-c", f"def step():\n    return {step}\n\nstep()"])
    sys.stderr.write("supervisor: step ended\n\n")
    sys.stderr.flush()
