2.times do |n|
  pid = fork do
    warn "child #{n} up"
    n.zero? ? Float("x1") : Object.const_get(:NotThere)
  end
  Process.wait(pid)
end
