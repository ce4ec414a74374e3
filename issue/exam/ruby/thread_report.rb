t = Thread.new do
  Thread.current.name = "mailer"
  [1, 2, 0].map { |n| 10 / n }
end
sleep 0.1
warn "main goes on, thread error was reported"
