$stderr.puts "sending"
Process.kill(:TERM, Process.pid)
sleep 1
