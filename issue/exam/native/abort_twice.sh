# Two children of a shell die by a signal; the shell says so on its own stderr.
echo "$(date -u +%FT%TZ) INFO entrypoint: 2 workers" >&2
./segv_shell
echo "$(date -u +%FT%TZ) INFO entrypoint: worker 1 ended" >&2
sh -c 'kill -ABRT $$'
exit 0
