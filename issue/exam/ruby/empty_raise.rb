def give_up
  raise
end

at_exit { warn "cleanup done" }
give_up
